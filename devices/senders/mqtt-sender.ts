import mqtt, { type IClientOptions, type IClientPublishOptions, type MqttClient } from 'mqtt';
import type { PitwallError } from '../../core/errors.js';
import { pack } from '../../schemas/data-block.js';
import { packedBytesMax, writePacked } from '../../schemas/packed-batch.js';
import { unusable } from './gateway-fault.js';
import { jsonPayload } from './json-payload.js';
import {
  messageRows,
  messageStream,
  type Outgoing,
  type Sender,
  type SenderReport,
  type WireFormat,
} from './sender.js';
import { countAnswer, countMessage, newReport } from './sender-report.js';

export interface MqttSenderOptions {
  /** `mqtt://`, `mqtts://`, or `ws://HOST:PORT/mqtt`; may carry user and password. */
  url: string;
  /** 5 tells why a message was refused; `packed` needs it, since the content type travels there. */
  version: 4 | 5;
  qos: 0 | 1 | 2;
  format: WireFormat;
  client: string;
  /** Unanswered messages at most. */
  inFlight: number;
  giveUpMs: number;
}

interface Waiter {
  resolve(): void;
  reject(error: PitwallError): void;
}

const PAUSE_MS = 250;

/**
 * Publishes over MQTT with a session that outlives the connection (clean: false), so that what was not acknowledged is
 * sent again after a reconnection, QoS 2 exactly once. At QoS 0 a message counts as acknowledged when it was written.
 */
export class MqttSender implements Sender {
  readonly report: SenderReport = newReport();
  private client: MqttClient | null = null;
  private inFlight = 0;
  private inFlightMax: number;
  /** Connected, and whatever an earlier connection left unanswered has been sent again. */
  private isUp = false;
  private isClosing = false;
  private lostMs = 0;
  private failure: PitwallError | null = null;
  /** Messages that wait for room, in order. */
  private queue: { message: Outgoing; waiter: Waiter | null }[] = [];
  /** How many at the head of the queue have come back from the client. */
  private returned = 0;
  private drainers: Waiter[] = [];

  constructor(private readonly options: MqttSenderOptions) {
    this.inFlightMax = options.inFlight;
  }

  get pending(): number {
    return this.inFlight + this.queue.length;
  }

  open(): Promise<void> {
    const { url, version, client: clientId } = this.options;
    const options: IClientOptions = {
      clientId,
      clean: false,
      protocolVersion: version,
      reconnectPeriod: PAUSE_MS,
      reconnectOnConnackError: true,
      connectTimeout: 5000,
      queueQoSZero: true,
      properties: version === 5 ? { sessionExpiryInterval: 3600 } : undefined,
    };
    return new Promise((resolve, reject) => {
      const client = mqtt.connect(url, options);
      this.client = client;
      let isOpen = false;
      client.on('connect', (packet) => {
        const most = packet.properties?.receiveMaximum;
        this.inFlightMax = most ? Math.min(this.options.inFlight, most) : this.options.inFlight;
        if (isOpen) this.report.reconnects++;
        isOpen = true;
        this.isUp = true;
        this.lostMs = 0;
        resolve();
        this.pump();
      });
      const lost = (why: string) => {
        this.isUp = false;
        if (this.isClosing || this.failure) return;
        if (this.lostMs === 0) this.lostMs = performance.now();
        const isLate = performance.now() - this.lostMs > this.options.giveUpMs;
        if (isOpen && !isLate) return;
        this.fail(isOpen ? `${why}; gave up after ${this.options.giveUpMs} ms` : why);
        reject(this.failure!);
      };
      client.on('error', (error) => lost(error.message || String((error as NodeJS.ErrnoException).code ?? error)));
      client.on('close', () => lost('the connection was closed'));
    });
  }

  send(message: Outgoing): Promise<void> | undefined {
    if (this.failure) return Promise.reject(this.failure);
    countMessage(this.report, message);
    if (this.isUp && this.queue.length === 0 && this.inFlight < this.inFlightMax) {
      this.publish(message);
      return undefined;
    }
    return new Promise((resolve, reject) => this.queue.push({ message, waiter: { resolve, reject } }));
  }

  async drain(): Promise<void> {
    if (this.failure) throw this.failure;
    if (this.pending > 0) await new Promise<void>((resolve, reject) => this.drainers.push({ resolve, reject }));
  }

  async close(): Promise<void> {
    this.isClosing = true;
    await this.client?.endAsync(this.pending > 0);
  }

  private pump(): void {
    while (this.isUp && this.queue.length > 0 && this.inFlight < this.inFlightMax) {
      const { message, waiter } = this.queue.shift()!;
      this.returned = Math.max(0, this.returned - 1);
      this.publish(message);
      waiter?.resolve();
    }
    if (this.pending > 0) return;
    for (const { resolve } of this.drainers) resolve();
    this.drainers = [];
  }

  private publish(message: Outgoing): void {
    const rows = messageRows(message);
    const payload = this.payload(message);
    const options: IClientPublishOptions = { qos: this.options.qos };
    if (this.options.format === 'packed' && 'batch' in message) options.properties = { contentType: 'avro' };
    this.inFlight++;
    this.report.bytes += payload.length;
    const sentMs = performance.now();
    this.client!.publish(messageStream(message), payload, options, (error) => {
      if (this.failure || this.isClosing) return;
      this.inFlight--;
      // Without a reason code it is the client that gave the message up, before it was on the wire.
      if (error && !hasReasonCode(error)) this.queue.splice(this.returned++, 0, { message, waiter: null });
      else countAnswer(this.report, rows, sentMs, error ? refusal(error) : null);
      this.pump();
    });
  }

  /** A packed payload describes its columns each time: a message that is sent again may be the first of its connection. */
  private payload(message: Outgoing): Buffer {
    if ('raw' in message) return Buffer.from(message.raw);
    if (this.options.format === 'json') return Buffer.from(jsonPayload(message.batch));
    const packed = { ...pack(message.batch), schema: 1, columns: [...message.batch.schema.fields] };
    const target = Buffer.allocUnsafe(packedBytesMax(packed));
    return target.subarray(0, writePacked(packed, target, 0));
  }

  private fail(why: string): void {
    const error = unusable(this.options.url, why);
    this.failure = error;
    this.client?.end(true);
    for (const { waiter } of this.queue) waiter?.reject(error);
    for (const { reject } of this.drainers) reject(error);
    this.queue = [];
    this.drainers = [];
  }
}

function hasReasonCode(error: Error): error is Error & { code: number } {
  return typeof (error as { code?: unknown }).code === 'number';
}

function refusal(error: Error): string {
  return hasReasonCode(error) ? `${error.message} (0x${error.code.toString(16)})` : error.message;
}
