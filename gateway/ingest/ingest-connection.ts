import { PitwallError } from '../../core/errors.js';
import type { Acceptance } from '../accept.js';
import type { AvroConnection } from '../decoders/avro.js';
import { readSequence } from '../decoders/avro.js';
import type { Intake } from '../intake.js';
import type { SocketHandler, SocketPeer } from '../listeners/http-listener.js';
import type { Source } from '../source.js';
import { type IngestClient, type IngestClients, SEQUENCES_TABLE } from './ingest-clients.js';

/** Close codes of `/ingest` (4000 to 4999 are the application's). */
const CLOSE_WINDOW = 4008;
const CLOSE_REPLACED = 4009;
const CLOSE_STORE = 4013;

interface Held {
  cut: number;
  seq: number;
  bytes: number;
  reject: { code: string; reason: string } | null;
}

/** What a connection needs from the endpoint that made it. */
export interface IngestEndpoint {
  readonly intake: Intake;
  readonly clients: IngestClients;
  /** The window to announce to a connection now, in bytes. */
  windowBytes(): number;
  /** The memory budget is overrun so far that what cannot be told to stop has to be ended. */
  readonly overrun: boolean;
  left(connection: IngestConnection): void;
}

/**
 * One connection of `/ingest`: hello with the window, frames in, cumulative acks and rejects out. A frame is answered
 * when its cut is durable. Frames are numbered by their `seq`, or counted from 1 where they have none.
 */
export class IngestConnection implements SocketHandler, Source {
  lastCut = 0;
  avro?: AvroConnection;
  readonly client: string;
  private held: Held[] = [];
  /** Frames at the start of `held` that are answered. */
  private answered = 0;
  /** Bytes of all frames that came, and of those that were answered. */
  private receivedBytes = 0;
  private ackedBytes = 0;
  /** As announced last. */
  private windowBytes: number;
  /**
   * How far the client may have sent, counted like `receivedBytes`. It never goes back: what a window that has shrunk
   * since allowed may be on its way still.
   */
  private edgeBytes: number;
  private counted = 0;
  /** The client has numbered a frame itself. */
  private numbered = false;
  private acked = 0;
  private isOpen = true;
  private taking = true;

  constructor(
    private readonly peer: SocketPeer,
    private readonly endpoint: IngestEndpoint,
    private readonly named: IngestClient | null,
  ) {
    this.client = `${named ? `${named.name} ` : ''}ws ${peer.remoteAddress}`;
    this.windowBytes = this.edgeBytes = endpoint.windowBytes();
    if (named) {
      named.holder?.replaced();
      named.holder = this;
    }
    const resume = named ? `,"resume":${named.durable}` : '';
    peer.send(`{"hello":{"version":1,"windowBytes":${this.windowBytes}${resume}}}`);
  }

  message(data: Buffer, isBinary: boolean): void {
    if (!this.isOpen || !this.taking) return;
    if (this.receivedBytes > this.edgeBytes) {
      this.end(CLOSE_WINDOW, `more than ${this.windowBytes} unacknowledged bytes: keep to windowBytes`);
      return;
    }
    if (this.endpoint.overrun) {
      this.end(CLOSE_STORE, 'the gateway is short of memory; send again what was not acknowledged');
      return;
    }
    this.receivedBytes += data.length;
    if (isBinary) this.binary(data);
    else this.text(data);
  }

  /** Takes no more frames; what was taken is still answered. */
  stopTaking(): void {
    this.taking = false;
  }

  closed(): void {
    this.isOpen = false;
    if (this.named?.holder === this) this.named.holder = null;
    if (this.named) this.endpoint.clients.release(this.named);
    this.endpoint.left(this);
  }

  replaced(): void {
    this.end(CLOSE_REPLACED, 'another connection took over this client name');
  }

  sealing(_cut: number, setFact: (table: string, key: string, value: Uint8Array) => void): void {
    if (!this.named || this.named.accepted === this.named.durable) return;
    const sequence = Buffer.alloc(8);
    sequence.writeDoubleLE(this.named.accepted);
    setFact(SEQUENCES_TABLE, this.named.name, sequence);
  }

  durable(cut: number): void {
    const first = this.answered;
    while (this.answered < this.held.length && this.held[this.answered]!.cut <= cut) {
      const { seq, bytes, reject } = this.held[this.answered++]!;
      this.ackedBytes += bytes;
      if (seq > this.acked) this.acked = seq;
      if (reject && this.isOpen) {
        this.peer.send(JSON.stringify({ reject: { seq, code: reject.code, reason: reject.reason } }));
      }
    }
    const any = this.answered > first;
    if (any && this.answered * 2 >= this.held.length) {
      this.held = this.held.slice(this.answered);
      this.answered = 0;
    }
    if (this.named) {
      if (this.acked > this.named.durable) this.named.durable = this.acked;
      if (!this.isOpen) this.endpoint.clients.release(this.named);
    }
    if (any && this.isOpen) this.acknowledge();
  }

  failed(_cut: number, reason: string): void {
    if (this.named) this.named.accepted = this.named.durable;
    this.held = [];
    this.answered = 0;
    if (this.named && !this.isOpen) this.endpoint.clients.release(this.named);
    this.end(CLOSE_STORE, reason);
  }

  /** A window is only ever announced with an ack, so that the client has no more in flight than it was allowed. */
  private acknowledge(): void {
    const window = this.endpoint.windowBytes();
    const changed = window < this.windowBytes / 2 || window > this.windowBytes * 2;
    if (changed) this.windowBytes = window;
    this.edgeBytes = Math.max(this.edgeBytes, this.ackedBytes + this.windowBytes);
    this.peer.send(changed ? `{"ack":${this.acked},"windowBytes":${window}}` : `{"ack":${this.acked}}`);
  }

  private binary(data: Buffer): void {
    const { intake } = this.endpoint;
    let seq: number;
    try {
      const sent = readSequence(data) || undefined;
      if (sent !== undefined && !this.named && !this.numbered && sent > this.counted) {
        this.firstNumber(data, sent);
        return;
      }
      seq = this.number(sent);
    } catch (error) {
      this.hold(intake.refuse(this, '', data, error as PitwallError), this.unnumbered(), data.length);
      return;
    }
    if (this.seen(seq)) {
      intake.describe(this, data);
      this.hold({ cut: intake.touch(this), refusal: null }, seq, data.length);
    } else this.hold(intake.acceptPacked(this, data), seq, data.length);
  }

  /** Where frames were counted so far, only a frame that can be read as a whole starts numbering: bytes of another kind would pass for any number. */
  private firstNumber(data: Buffer, seq: number): void {
    const acceptance = this.endpoint.intake.acceptPacked(this, data);
    if (acceptance.refusal?.code === 'bad-payload') this.hold(acceptance, this.unnumbered(), data.length);
    else this.hold(acceptance, this.number(seq), data.length);
  }

  private text(data: Buffer): void {
    const { intake } = this.endpoint;
    let frame: Record<string, unknown> = {};
    let seq: number;
    try {
      frame = parseFrame(data);
      seq = this.number(frame.seq);
    } catch (error) {
      const stream = typeof frame.stream === 'string' ? frame.stream : '';
      this.hold(intake.refuse(this, stream, data, error as PitwallError), this.unnumbered(), data.length);
      return;
    }
    const { stream } = frame;
    if (this.seen(seq)) this.hold({ cut: intake.touch(this), refusal: null }, seq, data.length);
    else if (typeof stream === 'string') this.hold(intake.acceptValue(this, stream, frame, data), seq, data.length);
    else this.hold(intake.refuse(this, '', data, noStream()), seq, data.length);
  }

  private hold({ cut, refusal }: Acceptance, seq: number, bytes: number): void {
    this.held.push({ cut, seq, bytes, reject: refusal });
    if (this.named && seq > this.named.accepted) this.named.accepted = seq;
  }

  /** The number under which a frame without a usable one is answered: its count, or 0 where a client numbers its own. */
  private unnumbered(): number {
    return this.named ? 0 : ++this.counted;
  }

  private seen(seq: number): boolean {
    return this.named !== null && seq <= this.named.accepted;
  }

  /** The frame's number; throws `bad-sequence` where it is no number that can follow. */
  private number(seq: unknown): number {
    if (seq === undefined) {
      if (this.named) {
        throw new PitwallError('bad-sequence', 'a client with a name numbers its frames: "seq" is missing', {
          stage: 'decode',
        });
      }
      return ++this.counted;
    }
    if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 1) {
      throw new PitwallError(
        'bad-sequence',
        `"seq" is ${JSON.stringify(seq)?.slice(0, 40)}; it must be a whole number from 1`,
        {
          stage: 'decode',
        },
      );
    }
    if (!this.named && seq <= this.counted) {
      throw new PitwallError('bad-sequence', `"seq" is ${seq} after ${this.counted}; numbers must rise`, {
        stage: 'decode',
      });
    }
    this.numbered = true;
    if (!this.named) this.counted = seq;
    return seq;
  }

  private end(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.peer.end(code, reason);
  }
}

function parseFrame(data: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(data.toString());
  } catch (cause) {
    throw new PitwallError('bad-payload', `the frame is no JSON: ${(cause as Error).message}`, { stage: 'decode' });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PitwallError('bad-payload', 'a text frame must be one JSON object with "stream"', { stage: 'decode' });
  }
  return value as Record<string, unknown>;
}

function noStream(): PitwallError {
  return new PitwallError('bad-stream-name', 'the frame has no "stream" text', { stage: 'decode' });
}
