/** What the process with the bare producer does; crosses to it as JSON. */
export interface BarePlan {
  brokers: string[];
  /** The messages of this topic are produced again, */
  source: string;
  /** to that one. */
  target: string;
  partitions: number;
  compression: 'none' | 'gzip' | 'snappy' | 'lz4';
  /** Each message as so many as it was merged from, of the same bytes together. */
  unmerged: boolean;
  /** No more than so many bytes of values are held in memory and produced. */
  bytesMax: number;
}

export interface BareResult {
  messages: number;
  /** Of values. */
  bytes: number;
  /** Of all values of the source, those that were not produced included. */
  sourceBytes: number;
  seconds: number;
  cpuSeconds: number;
}
