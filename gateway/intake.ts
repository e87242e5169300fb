import type { ByteBudget } from '../core/byte-budget.js';
import { nowUs } from '../core/clock.js';
import { PitwallError } from '../core/errors.js';
import { STREAM_NAME_BYTES_MAX } from '../core/limits.js';
import type { Logger } from '../core/logger.js';
import { timeBoundsUs } from '../schemas/data-block.js';
import { forBus } from '../schemas/packed-batch.js';
import type { Acceptance, Acceptor, Refusal } from './accept.js';
import { CutCycle } from './cut-cycle.js';
import { type AvroBatch, AvroConnection, readAvro, sortedBatch } from './decoders/avro.js';
import type { DecodeContext, RowRefusal } from './decoders/decoder.js';
import { JsonDecoder } from './decoders/json.js';
import type { GatewayStore } from './gateway-store.js';
import type { LiveFeed } from './live-feed.js';
import type { Source } from './source.js';
import { type OpenStream, STREAMS_TABLE, type StreamDirectory } from './stream-directory.js';

/** A builder is written out before it holds more than this, so that one stream cannot make one huge record. */
const BUILDER_ROWS_MAX = 65_536;
const BUILDER_BYTES_MAX = 4 * 1024 * 1024;
/** Event time over which open rows of one entity may spread before they are written: well below any `wait` of a join. */
const ENTITY_SPREAD_US = 250_000;
/** What a message costs beside its bytes: queue entries, acknowledgement. */
const MESSAGE_OVERHEAD_BYTES = 48;
/** Keys of a text frame that are no columns. */
const FRAME_KEYS = ['stream', 'seq'];
/** Decoder names and MQTT 5 content types of a `TelemetryBatch`. */
const AVRO = new Set(['avro', 'avro/binary', 'application/avro']);

export interface IntakeOptions {
  store: GatewayStore;
  streams: StreamDirectory;
  budget: ByteBudget;
  feed: LiveFeed;
  logger: Logger;
  /** Called after each commit that became durable. */
  durable?: () => void;
  /** Receive clock, microseconds since 1970. */
  clock?: () => number;
}

/**
 * Takes messages of all listeners: decodes them into the builders of their streams, puts what is refused into the dead
 * letters, and has everything committed cut by cut (see CutCycle). Admission by size and rate is the listeners' part;
 * the memory budget counts here.
 */
export class Intake implements Acceptor {
  readonly counters = { messages: 0, rows: 0, bytes: 0, refusedMessages: 0, refusedRows: 0 };
  private readonly json = new JsonDecoder();
  private readonly cycle: CutCycle;
  private readonly streams: StreamDirectory;
  private readonly acceptance: Acceptance = { cut: 0, refusal: null };
  private readonly touched: OpenStream[] = [];
  private readonly clock: () => number;
  private readonly context: DecodeContext;
  private rowRefusals: RowRefusal[] = [];
  /** How the message at hand is read, for its dead letter. */
  private decoder: 'json' | 'avro' = 'json';
  private readonly ticking: Source = { client: 'ticks', lastCut: 0, durable() {}, failed() {} };

  constructor(private readonly options: IntakeOptions) {
    this.clock = options.clock ?? nowUs;
    this.streams = options.streams;
    this.context = { receivedUs: 0, time: null, refuseRow: (refusal) => this.rowRefusals.push(refusal) };
    this.cycle = new CutCycle(options.store, options.budget, options.feed, options.logger, {
      closing: (cut) => this.closeBuilders(cut),
      durable: () => options.durable?.(),
      failed: () => {
        this.touched.length = 0;
        this.streams.reset();
      },
    });
  }

  accept(source: Source, stream: string, payload: Buffer, format: string | null): Acceptance {
    return this.take(source, stream, payload, (open) => {
      if (!AVRO.has(format ?? open.decoder ?? '')) return this.json.decode(payload, open.builder, this.context);
      this.decoder = 'avro';
      return this.decodeAvro(source, open, payload);
    });
  }

  /** A binary frame of `/ingest`, whose stream stands in the batch. */
  acceptPacked(source: Source, payload: Buffer): Acceptance {
    let read: AvroBatch | null = null;
    let fault: PitwallError | null = null;
    try {
      read = readAvro(payload, (source.avro ??= new AvroConnection()));
    } catch (error) {
      fault = asRefusal(error, this.options.logger);
    }
    return this.take(
      source,
      read?.packed.stream ?? '',
      payload,
      (open) => this.storePacked(open, read!),
      fault,
      'avro',
    );
  }

  /** Remembers the columns that a frame describes, without storing its rows: it was stored before. */
  describe(source: Source, payload: Buffer): void {
    try {
      readAvro(payload, (source.avro ??= new AvroConnection()));
    } catch {
      // It was refused when it first came.
    }
  }

  /** A parsed text frame of `/ingest`; `original` is the frame. */
  acceptValue(source: Source, stream: string, value: Record<string, unknown>, original: Buffer): Acceptance {
    return this.take(source, stream, original, (open) =>
      this.json.decodeValue(value, open.builder, this.context, FRAME_KEYS),
    );
  }

  /** Refuses a message the listener itself could not read: it becomes a dead letter. */
  refuse(source: Source, stream: string, payload: Buffer, cause: PitwallError): Acceptance {
    return this.take(source, stream, payload, () => 0, cause);
  }

  /** Puts `source` into the open cut without anything to store, so that it is told when all before is durable. */
  touch(source: Source): number {
    return this.cycle.join(source, MESSAGE_OVERHEAD_BYTES);
  }

  setFact(source: Source, table: string, key: string, value: Uint8Array | null): number {
    const cut = this.cycle.join(source, MESSAGE_OVERHEAD_BYTES);
    this.cycle.writer.setFact(table, key, value);
    return cut;
  }

  fact(table: string, key: string): Buffer | undefined {
    return this.options.store.fact(table, key);
  }

  facts(table: string, prefix?: string): Iterable<[key: string, value: Buffer]> {
    return this.options.store.facts(table, prefix);
  }

  /** Lets time pass in partitions that get no data; call it a few times a second. */
  tick(): void {
    if (this.cycle.writer.ticks(this.clock()) > 0) this.cycle.join(this.ticking, MESSAGE_OVERHEAD_BYTES);
  }

  /** Commits what is open; true when everything accepted so far is durable, false when it is not within `withinMs`. */
  drain(withinMs: number): Promise<boolean> {
    return this.cycle.drain(withinMs);
  }

  /** Nothing is taken any more, and the store is free for others: call it after the last `drain`. */
  close(): void {
    this.cycle.end();
  }

  get cutStatistics(): CutCycle['statistics'] {
    return this.cycle.statistics;
  }

  private take(
    source: Source,
    name: string,
    payload: Buffer,
    decode: (open: OpenStream) => number,
    fault: PitwallError | null = null,
    decoder: 'json' | 'avro' = 'json',
  ): Acceptance {
    const { counters, context, acceptance } = this;
    counters.messages++;
    counters.bytes += payload.length;
    // Over budget this may end other connections, whose wills are taken in between.
    acceptance.cut = this.cycle.join(source, payload.length + MESSAGE_OVERHEAD_BYTES);
    this.decoder = decoder;
    acceptance.refusal = null;
    context.receivedUs = this.clock();
    try {
      if (fault) throw fault;
      const open = this.streams.get(name);
      if (open.lastCut !== acceptance.cut) {
        open.lastCut = acceptance.cut;
        this.touched.push(open);
      }
      context.time = open.time;
      const stored = decode(open);
      counters.rows += stored;
      if (this.rowRefusals.length > 0) acceptance.refusal = this.refuseRows(source, name, stored);
      if (open.builder.rows > 0) this.keepTogether(open, open.builder.lastTimeUs);
      if (open.builder.rows >= BUILDER_ROWS_MAX || open.builder.bytes >= BUILDER_BYTES_MAX) this.flush(open);
    } catch (error) {
      this.rowRefusals = [];
      acceptance.refusal = this.refuseMessage(source, name, payload, asRefusal(error, this.options.logger));
    }
    return acceptance;
  }

  private decodeAvro(source: Source, open: OpenStream, payload: Buffer): number {
    const read = readAvro(payload, (source.avro ??= new AvroConnection()));
    if (read.packed.stream !== open.name) {
      throw new PitwallError(
        'bad-payload',
        `the batch is of stream "${read.packed.stream}" but was sent to "${open.name}"`,
        {
          stage: 'decode',
        },
      );
    }
    return this.storePacked(open, read);
  }

  private storePacked(open: OpenStream, read: AvroBatch): number {
    open.builder.learn(read.schema);
    this.keepTogether(open, timeBoundsUs(read.packed)[0]);
    this.flush(open);
    const { packed, schema, ascending } = read;
    const { receivedUs } = this.context;
    if (ascending) this.cycle.writer.packed(open.key, forBus(packed, schema.fingerprint), schema, receivedUs);
    else this.cycle.writer.batch(open.key, sortedBatch(read), receivedUs);
    this.cycle.live(open.name, () => sortedBatch(read));
    return packed.rows;
  }

  /**
   * Streams of an entity that came together stay together: a cut writes one stream after the other, and in a burst it
   * may hold minutes. Before the open rows of an entity spread over more than a moment of event time all are written.
   */
  private keepTogether(open: OpenStream, timeUs: number): void {
    const { entity } = open;
    if (Number.isNaN(entity.openUs)) entity.openUs = timeUs;
    else if (Math.abs(timeUs - entity.openUs) > ENTITY_SPREAD_US) {
      for (const stream of entity.streams) this.flush(stream);
      entity.streams.clear();
      entity.openUs = Number.NaN;
    }
    if (open.builder.rows > 0) entity.streams.add(open);
  }

  /** Writes the open rows of a stream into the cut, and what was learned of its columns. */
  private flush(open: OpenStream): void {
    const { writer } = this.cycle;
    for (let batch = open.builder.close(); batch !== null; batch = open.builder.close()) {
      const rows = batch;
      writer.batch(open.key, rows, this.context.receivedUs);
      this.cycle.live(open.name, () => rows);
    }
    const { schema } = open.builder;
    if (schema.fingerprint === open.stored) return;
    open.stored = schema.fingerprint;
    const fingerprint = Buffer.alloc(8);
    fingerprint.writeDoubleLE(schema.fingerprint);
    writer.addSchema(schema);
    writer.setFact(STREAMS_TABLE, open.name, fingerprint);
  }

  private closeBuilders(cut: number): void {
    for (const open of this.touched) {
      this.flush(open);
      open.entity.streams.clear();
      open.entity.openUs = Number.NaN;
    }
    this.touched.length = 0;
    this.streams.trim(cut);
  }

  private refuseRows(source: Source, name: string, storedRows: number): Refusal {
    const refusals = this.rowRefusals;
    this.rowRefusals = [];
    for (const refusal of refusals) this.bury(source, name, refusal);
    this.counters.refusedRows += refusals.length;
    const first = refusals[0]!;
    const reason =
      refusals.length + storedRows === 1
        ? first.reason
        : `${refusals.length} of ${refusals.length + storedRows} rows refused; the first: ${first.reason}`;
    return { code: first.code, reason, storedRows, refusedRows: refusals.length };
  }

  private refuseMessage(source: Source, name: string, payload: Buffer, error: PitwallError): Refusal {
    this.counters.refusedMessages++;
    const { code, message: reason } = error;
    this.bury(source, name, { code, reason, column: null, cell: null, expected: null, original: payload });
    return { code, reason, storedRows: 0, refusedRows: 0 };
  }

  private bury(source: Source, name: string, refusal: RowRefusal): void {
    this.cycle.writer.deadLetter({
      ...refusal,
      // A frame may name anything, of any length; all of it stands in the original.
      stream: name.slice(0, STREAM_NAME_BYTES_MAX),
      stage: 'decode',
      client: source.client,
      receivedUs: this.context.receivedUs,
      decoder: this.decoder,
    });
  }
}

function asRefusal(error: unknown, logger: Logger): PitwallError {
  if (error instanceof PitwallError) return error;
  logger.error('a decoder failed on a message; the message is in the dead letters', {
    error: String((error as Error)?.stack ?? error),
  });
  return new PitwallError('internal', `the decoder failed: ${(error as Error)?.message}`, {
    stage: 'decode',
    cause: error,
  });
}
