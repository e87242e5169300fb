export type StoreName = 'file' | 'influxdb' | 'influxdb2' | 'mongodb' | 's3';

/** What is set other than by default. */
export interface VariantOptions {
  format?: 'jsonl' | 'parquet';
  gzip?: boolean;
}

/** One sink with some of its options, and what is written into it. */
export interface SinkVariant {
  name: string;
  store: StoreName;
  options: VariantOptions;
  /** Rows of a record. */
  recordRows: number;
  /** Rows before the clock starts, and those that it sees; in a short run the latter are as few as the former. */
  warmRows: number;
  rows: number;
  /** Part of a short run. */
  isQuick: boolean;
}

/** So few rows for MongoDB as the server that the tests start takes 2,000 a second. */
export const SINK_VARIANTS: readonly SinkVariant[] = [
  { ...of('file jsonl', 1000), store: 'file', options: { format: 'jsonl' }, rows: 800_000 },
  { ...of('file parquet', 1000), store: 'file', options: { format: 'parquet' }, rows: 2_400_000 },
  { ...of('influxdb gzip', 1000), store: 'influxdb', options: { gzip: true } },
  { ...of('influxdb gzip', 20), store: 'influxdb', options: { gzip: true } },
  { ...of('influxdb plain', 1000), store: 'influxdb', options: { gzip: false }, isQuick: false },
  { ...of('influxdb2 gzip', 1000), store: 'influxdb2', options: { gzip: true } },
  { ...of('influxdb2 plain', 1000), store: 'influxdb2', options: { gzip: false }, isQuick: false },
  { ...of('s3 parquet', 1000), store: 's3', options: {}, rows: 1_600_000 },
  { ...of('mongodb insert', 100), store: 'mongodb', options: {}, warmRows: 1_600, rows: 16_000 },
];

function of(what: string, recordRows: number) {
  const name = `sinks, ${what}, ${recordRows} rows a record`;
  return { name, recordRows, warmRows: 40_000, rows: 320_000, isQuick: true };
}
