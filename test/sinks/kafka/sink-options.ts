import type { KafkaSinkOptions } from '../../../sinks/kafka/kafka-sink-options.js';
import { cellOfJson, parseExactly } from '../../contract/json-cells.js';
import type { Row, Rows } from '../../contract/sink-workload.js';
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

export function jsonRows({ value, headers }: ReadMessage): Row[] {
  const parsed = parseExactly(value.toString());
  return [parsed].flat().map((cells) => {
    const { stream, ...rest } = cells as Record<string, unknown>;
    if (stream !== headers.stream) throw new Error(`${value} is in a message of ${headers.stream}`);
    const row: Row = {};
    for (const [name, cell] of Object.entries(rest)) if (cell !== null) row[name] = cellOfJson(name, cell);
    return row;
  });
}
