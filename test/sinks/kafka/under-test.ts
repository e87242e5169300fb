import { basename } from 'node:path';
import { KafkaSink } from '../../../sinks/kafka/kafka-sink.js';
import type { KafkaSinkOptions } from '../../../sinks/kafka/kafka-sink-options.js';
import type { SinkUnderTest } from '../../contract/sink.js';
import type { Cell, Row } from '../../contract/sink-workload.js';
import { sharedKafka } from '../../servers/kafka-server.js';
import { avroRowsOf } from './avro-rows.js';
import { type ReadMessage, readCommitted } from './read-committed.js';
import { jsonRows, optionsOf, rowsByStream } from './sink-options.js';

/** The Kafka sink as the contract suite sees it, read back message by message, and with plain avsc. */

/** Known before the suite, since `make` cannot wait; the processes that it kills have it from their environment. */
const { brokers } = await sharedKafka();

function under(more: Partial<KafkaSinkOptions>, decode: (message: ReadMessage) => Row[]): SinkUnderTest {
  // The contract's folders have names of their own.
  return {
    make: (folder) => new KafkaSink('under-test', optionsOf(brokers, basename(folder), more)),
    readRows: async (folder) => rowsByStream(await readCommitted(brokers, basename(folder)), decode),
  };
}

const nonFinite = (cell: Cell): boolean => typeof cell === 'number' && !Number.isFinite(cell);
const avroRows = ({ value, headers }: ReadMessage) => avroRowsOf(headers.schema!, value);

export const json: SinkUnderTest = {
  ...under({ format: 'json' }, jsonRows),
  stored: (cell) => (nonFinite(cell) ? undefined : cell),
};
export const avroBatch: SinkUnderTest = under({ format: 'avro', rows: 'batch', compression: 'gzip' }, avroRows);
