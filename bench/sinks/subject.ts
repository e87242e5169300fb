import type { Sink } from '../../sinks/sink.js';
import type { RowTally } from './row-tally.js';
import type { StoreName, VariantOptions } from './sink-variant.js';

/**
 * - `sink`: Pitwall's, driven as a branch drives it.
 * - `bare`: a client alone with the bytes that the sink sends, ready-made.
 * - `objects`: the driver as most use it, with an object a row, ready-made too.
 */
export type Side = 'sink' | 'bare' | 'objects';

/** What a process writes; crosses to it as JSON. */
export interface Pass {
  store: StoreName;
  side: Side;
  options: VariantOptions;
  /** Of the server, with credentials; of files none. */
  address: string;
  /** What is written into: a database, a bucket, a collection, a folder. It is there, and empty. */
  place: string;
  /** What the sink has written into before, for those whose bare client takes its bytes from there. */
  written: string;
  /** A folder for what a sink remembers. */
  stateDir: string;
  recordRows: number;
  /** Records written before the clock starts, so that connections are there and code is compiled, */
  warmRecords: number;
  /** and all of them. */
  records: number;
}

/** Writes something ready-made; resolves when the store has it for good. */
export interface BareWriter {
  /** What stands for the records before the clock. */
  warm(): Promise<unknown>;
  /** Returns the bytes. */
  write(): Promise<number>;
  close(): Promise<void>;
}

/** One kind of store, as the benchmark needs it. */
export interface Subject {
  /** The bare client writes all that the sink has written, that before the clock included. */
  readonly writesAgain: boolean;
  make(address: string, place: string): Promise<void>;
  sink(pass: Pass): Promise<Sink>;
  bare(pass: Pass): Promise<BareWriter>;
  /** By the store's own query; of a tally the subject makes. `rows`: of each stream. */
  count(address: string, place: string, rows: number): Promise<RowTally>;
  remove(address: string, place: string): Promise<void>;
}

/** Subjects are loaded one by one: each loads the client of its store. */
export async function subjectOf(store: StoreName): Promise<Subject> {
  switch (store) {
    case 'file':
      return (await import('./file-subject.js')).fileSubject;
    case 'influxdb':
    case 'influxdb2':
      return (await import('./influxdb-subject.js')).influxdbSubject(store);
    case 's3':
      return (await import('./s3-subject.js')).s3Subject;
    case 'mongodb':
      return (await import('./mongodb-subject.js')).mongodbSubject;
  }
}
