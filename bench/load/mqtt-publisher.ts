import { connect, type Socket } from 'node:net';
import { white } from '../../devices/fleet/noise.js';
import type { ExpectedRows } from '../stored-rows.js';
import type { MqttPlan } from './load-plan.js';
import type { Publisher, Tally } from './publisher.js';

const PACKETS = 1024;
const TIME_DIGITS = 16;

/**
 * A QoS 1 publisher of MQTT 3.1.1 on a bare socket: ready-made PUBLISH packets, all with other values, in which only
 * packet id and time are written anew; one for each PUBACK.
 */
export class MqttPublisher implements Publisher {
  readonly done: Promise<void>;
  private socket!: Socket;
  private finish!: () => void;
  private fail!: (error: Error) => void;
  private readonly packets: Buffer;
  private readonly length: number;
  private nextPacket = 0;
  private readonly idAt: number;
  private readonly timeAt: number;
  private readonly sentMs = new Float64Array(65_536);
  private id = 0;
  private messages = 0;
  private unanswered = 0;
  private isStopping = false;
  /** Bytes of an answer that is not complete yet. */
  private rest: Buffer = Buffer.alloc(0);

  constructor(
    private readonly plan: MqttPlan,
    private readonly place: MqttPlan['connections'][number],
    private readonly tally: Tally,
  ) {
    this.done = new Promise((resolve, reject) => {
      this.finish = resolve;
      this.fail = reject;
    });
    this.done.catch(() => {});
    const topic = Buffer.from(place.stream);
    const rest = 2 + topic.length + 2 + plan.payloadBytes;
    const head = Buffer.from([0x32, ...remainingLength(rest), topic.length >> 8, topic.length & 255]);
    const packets = Array.from({ length: PACKETS }, (_, i) =>
      Buffer.concat([head, topic, Buffer.alloc(2), jsonOfLength(plan.payloadBytes, i)]),
    );
    this.packets = Buffer.concat(packets);
    this.length = packets[0]!.length;
    this.idAt = head.length + topic.length;
    this.timeAt = this.idAt + 2 + 5;
  }

  get sent(): ExpectedRows {
    const { stream, firstUs } = this.place;
    return { stream, firstUs, stepUs: this.plan.stepUs, rows: this.messages };
  }

  connect(): Promise<void> {
    const { promise, resolve } = waiter();
    this.socket = connect({ host: '127.0.0.1', port: this.plan.port, noDelay: true });
    this.socket.on('error', (error) => this.fail(error));
    this.socket.on('close', () => this.fail(new Error('the gateway closed an MQTT connection')));
    this.socket.once('data', (connack) => {
      if (connack.length !== 4 || connack[0] !== 0x20 || connack[3] !== 0)
        this.fail(new Error(`CONNACK ${connack.toString('hex')}`));
      this.socket.on('data', (data) => this.receive(data));
      resolve();
    });
    const id = Buffer.from(this.place.client);
    const rest = [0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0, id.length >> 8, id.length & 255];
    this.socket.write(Buffer.concat([Buffer.from([0x10, ...remainingLength(rest.length + id.length), ...rest]), id]));
    return Promise.race([promise, this.done]);
  }

  start(): void {
    this.publish(this.plan.inFlight);
  }

  stop(): void {
    this.isStopping = true;
    this.end();
  }

  private receive(data: Buffer): void {
    const bytes = this.rest.length > 0 ? Buffer.concat([this.rest, data]) : data;
    const now = performance.now();
    let answers = 0;
    let at = 0;
    for (; at + 4 <= bytes.length; at += 4) {
      if (bytes[at] !== 0x40 || bytes[at + 1] !== 2) {
        this.fail(new Error(`no PUBACK: ${bytes.toString('hex', at, at + 4)}`));
        return;
      }
      this.tally.latency.add(now - this.sentMs[(bytes[at + 2]! << 8) | bytes[at + 3]!]!);
      answers++;
    }
    this.rest = bytes.subarray(at);
    this.tally.acknowledged += answers;
    this.unanswered -= answers;
    if (this.isStopping) this.end();
    else this.publish(answers);
  }

  private publish(count: number): void {
    const { length } = this;
    const now = performance.now();
    for (let left = count; left > 0; ) {
      const packets = Math.min(left, PACKETS - this.nextPacket);
      const start = this.nextPacket * length;
      const slab = Buffer.from(this.packets.subarray(start, start + packets * length));
      for (let i = 0, at = 0; i < packets; i++, at += length) {
        this.id = this.id === 65_535 ? 1 : this.id + 1;
        slab[at + this.idAt] = this.id >> 8;
        slab[at + this.idAt + 1] = this.id & 255;
        writeDigits(slab, at + this.timeAt, this.place.firstUs + this.messages * this.plan.stepUs);
        this.sentMs[this.id] = now;
        this.messages++;
      }
      this.socket.write(slab);
      this.nextPacket = (this.nextPacket + packets) % PACKETS;
      left -= packets;
    }
    this.unanswered += count;
    this.tally.messages += count;
    this.tally.rows += count;
    this.tally.bytes += count * this.plan.payloadBytes;
  }

  private end(): void {
    if (this.unanswered > 0) return;
    this.finish();
    this.socket.end(Buffer.from([0xe0, 0]));
  }
}

function waiter(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** A row of an IMU with other values for each `index`; its time takes the first 16 digits after `{"t":`. */
function jsonOfLength(bytes: number, index: number): Buffer {
  const cell = (column: number, scale: number) => (scale * white(column, index)).toFixed(4);
  const cells = `"ax":${cell(1, 20)},"ay":${cell(2, 20)},"az":${cell(3, 12)},"gx":${cell(4, 1)},"gy":${cell(5, 1)}`;
  const text = `{"t":${'0'.repeat(TIME_DIGITS)},${cells},"n":`;
  const digits = bytes - text.length - 1;
  if (digits < 1 || digits > 15) throw new RangeError(`a payload of ${bytes} bytes cannot be made`);
  return Buffer.from(`${text}${String(10 ** (digits - 1) + (index % 10))}}`);
}

function writeDigits(target: Buffer, at: number, value: number): void {
  let high = Math.floor(value / 1e8);
  let low = value - high * 1e8;
  for (let i = TIME_DIGITS - 1; i >= 8; i--) {
    const next = (low / 10) | 0;
    target[at + i] = 0x30 + low - next * 10;
    low = next;
  }
  for (let i = 7; i >= 0; i--) {
    const next = (high / 10) | 0;
    target[at + i] = 0x30 + high - next * 10;
    high = next;
  }
}

/** MQTT's variable byte integer. */
function remainingLength(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  do {
    const byte = left % 128;
    left = Math.floor(left / 128);
    bytes.push(left > 0 ? byte | 128 : byte);
  } while (left > 0);
  return bytes;
}
