import type { Batch } from '../../columnar/batch.js';
import type { TransactionMessage } from '../../kafka/transactional-producer.js';
import type { TextBuffer } from '../text/text-buffer.js';
import type { EncodedRows, RowFormat } from './row-format.js';

/** Where rows of one stream, schema and set of tags go, and as what. */
export interface Route {
  topic: string;
  partition: number;
  key: string;
  headers: Record<string, string>;
  format: RowFormat;
  /** A message with many rows is closed at this size. */
  messageBytesMax: number;
}

/** A message that rows are still added to. */
interface OpenMessage {
  route: Route;
  parts: EncodedRows[];
  bytes: number;
  timestamp: string;
}

/** Held for a message beside its value. */
const MESSAGE_BYTES = 256;

/** Messages of one partition of the input that were not sent yet, in the order of the rows of each stream. */
export class Outbox {
  /** About what it holds in memory. */
  bytes = 0;
  private messages: TransactionMessage[] = [];
  private readonly open = new Map<string, OpenMessage>();

  constructor(private readonly rowsOfMessage: 'one' | 'batch') {}

  /** `out` lends the memory, which must not be written again from where it stands. */
  add(route: Route, batch: Batch, receivedUs: number, out: TextBuffer): void {
    const start = out.at;
    const ends = route.format.encode(batch, out);
    const timestamp = String(Math.max(0, Math.floor(receivedUs / 1000)));
    const { bytes } = out;
    this.bytes += out.at - start;
    if (this.rowsOfMessage === 'batch') this.join(route, batch.stream, bytes, start, ends, timestamp);
    else {
      let from = start;
      for (const end of ends) {
        this.push(route, bytes.subarray(from, end), timestamp);
        from = end;
      }
    }
  }

  /** All of it; from then on it holds nothing. */
  take(): TransactionMessage[] {
    for (const message of this.open.values()) this.close(message);
    this.open.clear();
    const { messages } = this;
    this.messages = [];
    this.bytes = 0;
    return messages;
  }

  private join(
    route: Route,
    stream: string,
    bytes: Buffer,
    start: number,
    ends: readonly number[],
    timestamp: string,
  ): void {
    const held = this.open.get(stream);
    if (held && held.route !== route) this.close(held);
    let message: OpenMessage = held?.route === route ? held : { route, parts: [], bytes: 0, timestamp };
    let [from, first, last] = [start, 0, start];
    const take = (row: number) => {
      if (last === from) return;
      message.parts.push({ rows: row - first, bytes: bytes.subarray(from, last) });
      message.bytes += last - from;
      [from, first] = [last, row];
    };
    for (let row = 0; row < ends.length; row++) {
      const end = ends[row]!;
      if (message.bytes + end - from > route.messageBytesMax) {
        take(row);
        this.close(message);
        message = { route, parts: [], bytes: 0, timestamp };
      }
      last = end;
    }
    take(ends.length);
    this.open.set(stream, message);
  }

  private close({ route, parts, timestamp }: OpenMessage): void {
    if (parts.length > 0) this.push(route, route.format.join(parts), timestamp);
  }

  private push({ topic, partition, key, headers }: Route, value: Buffer, timestamp: string): void {
    this.messages.push({ topic, partition, key, value, headers, timestamp });
    this.bytes += MESSAGE_BYTES;
  }
}
