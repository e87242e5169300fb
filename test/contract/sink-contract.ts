/** What tests of a sink of one's own build on, as `pitwall/sink-contract`; docs/sinks.md shows how. */
export { parseExactly } from './json-cells.js';
export { moduleSink } from './module-sink.js';
export { type SinkContractOptions, type SinkUnderTest, sinkContract } from './sink.js';
export type { Cell, Row, Rows } from './sink-workload.js';
export { storedRows } from './stored-row.js';
