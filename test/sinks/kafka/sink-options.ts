import type { KafkaSinkOptions } from '../../../sinks/kafka/kafka-sink-options.js';
import { type Cell, COLUMN_TYPES, type Row, type Rows } from '../../contract/sink-workload.js';
import type { ReadMessage } from './read-committed.js';

/** Of a sink in tests; its partitions are those that the contract feeds. */
export function optionsOf(
  brokers: readonly string[],
  topic: string,
  more: Partial<KafkaSinkOptions> = {},
): KafkaSinkOptions {
  return {
    connection: { brokers: [...brokers], tls: null, sasl: null },
    topic,
    format: 'json',
    rows: 'one',
    compression: 'lz4',
    registry: null,
    partitions: 3,
    replication: 1,
    feeder: { bus: `log-of-${topic}`, partitions: [0, 1, 2, 3, 4, 5] },
    ...more,
  };
}

export function rowsByStream(messages: readonly ReadMessage[], decode: (message: ReadMessage) => Row[]): Rows {
  const all: Rows = new Map();
  for (const message of messages) {
    const stream = message.headers.stream!;
    all.set(stream, [...(all.get(stream) ?? []), ...decode(message)]);
  }
  return all;
}

/** JSON.parse rounds integers beyond 2^53; as texts they keep their digits. */
export function jsonRows({ value, headers }: ReadMessage): Row[] {
  const parsed = JSON.parse(value.toString().replace(/:(-?\d{16,})(?=[,}])/g, ':"$1"')) as unknown;
  return [parsed].flat().map((cells) => {
    const { stream, ...rest } = cells as Record<string, unknown>;
    if (stream !== headers.stream) throw new Error(`${value} is in a message of ${headers.stream}`);
    const row: Row = {};
    for (const [name, cell] of Object.entries(rest)) if (cell !== null) row[name] = typed(name, cell);
    return row;
  });
}

function typed(name: string, cell: unknown): Cell {
  if (name === 'timeUs') return Number(cell);
  const type = COLUMN_TYPES.get(name);
  if (type === undefined || type === 'utf8') return cell as string;
  if (type === 'bool') return cell as boolean;
  if (type === 'f32') return Math.fround(Number(cell));
  if (type !== 'i64') return Number(cell);
  const exact = BigInt(cell as string);
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
}
