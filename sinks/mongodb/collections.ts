import type { Document } from 'mongodb';
import { StoreFault } from '../delivery/store-fault.js';
import type { MongodbConnection } from './mongodb-connection.js';
import { MongodbFault } from './mongodb-fault.js';
import type { MongodbSinkOptions } from './mongodb-sink-options.js';

const NOT_THERE = 26;
const THERE_ALREADY = 48;
const KNOWN_MAX = 10_000;
const US_PER_S = 1e6;

/** The field with stream and tags of a time-series collection. */
export const META = 'meta';

interface Index {
  name: string;
  key: Document;
  expireAfterSeconds?: number;
}

/** The collections of a sink, with what has to be there: indexes, or for `timeseries` the collection itself. */
export class Collections {
  private readonly known = new Map<string, Promise<void>>();

  constructor(
    private readonly connection: MongodbConnection,
    private readonly options: MongodbSinkOptions,
  ) {}

  /** Resolves when rows can be written into a collection; asks the store only the first time. */
  ready(name: string, signal: AbortSignal): Promise<void> {
    let made = this.known.get(name);
    if (!made) {
      if (this.known.size >= KNOWN_MAX) this.known.clear();
      made = this.make(name, signal);
      this.known.set(name, made);
      made.catch(() => this.known.delete(name));
    }
    return made;
  }

  get count(): number {
    return this.known.size;
  }

  /** What is wrong with a collection that is there, or null; whether it is there. Changes nothing. */
  async look(name: string, signal: AbortSignal): Promise<{ isThere: boolean; fault: string | null }> {
    const found = await this.find(name, signal);
    if (found === null) return { isThere: false, fault: null };
    const fault = this.kindFault(name, found) ?? (await this.indexes(name, signal)).fault;
    return { isThere: true, fault };
  }

  private async make(name: string, signal: AbortSignal): Promise<void> {
    const found = await this.find(name, signal);
    const kindFault = found && this.kindFault(name, found);
    if (kindFault) throw new StoreFault('setup', kindFault);
    if (this.options.mode === 'timeseries') {
      if (!found) await this.makeTimeSeries(name, signal);
      return;
    }
    const { missing, fault } = await this.indexes(name, signal);
    if (fault !== null) throw new StoreFault('setup', fault);
    if (missing.length > 0) await this.connection.run({ createIndexes: name, indexes: missing }, signal);
  }

  private async makeTimeSeries(name: string, signal: AbortSignal): Promise<void> {
    const { expireUs } = this.options;
    const expiry = expireUs === null ? {} : { expireAfterSeconds: expireUs / US_PER_S };
    const timeseries = { timeField: 'time', metaField: META, granularity: 'seconds' };
    try {
      await this.connection.run({ create: name, timeseries, ...expiry }, signal);
    } catch (error) {
      // Somebody else was faster.
      if (!codeIs(error, THERE_ALREADY)) throw error;
    }
  }

  private async find(name: string, signal: AbortSignal): Promise<Document | null> {
    const { cursor } = await this.connection.run({ listCollections: 1, filter: { name } }, signal);
    return cursor.firstBatch[0] ?? null;
  }

  private kindFault(name: string, { type, options = {} }: Document): string | null {
    const isSeries = type === 'timeseries' || options.timeseries !== undefined;
    const { mode } = this.options;
    if (type === 'view') return `${name} is a view; choose another collection`;
    if (mode !== 'timeseries') {
      const what = `collection ${name} is a time series, which keeps no row once only`;
      return isSeries ? `${what}; choose another collection, or mode: timeseries` : null;
    }
    if (!isSeries) return `collection ${name} is there and no time series; choose another, or mode: insert`;
    const { timeField, metaField } = options.timeseries ?? {};
    if (timeField === 'time' && metaField === META) return null;
    return `collection ${name} is a time series with timeField ${timeField} and metaField ${metaField}, not time and ${META}; choose another`;
  }

  /** Indexes that are missing; what stands in the way of them. */
  private async indexes(name: string, signal: AbortSignal): Promise<{ missing: Index[]; fault: string | null }> {
    const { mode, expireUs } = this.options;
    if (mode === 'timeseries') return { missing: [], fault: null };
    const there = await this.listIndexes(name, signal);
    const missing: Index[] = [];
    if (mode !== 'upsert' && !there.some(({ key }) => sameKey(key, { stream: 1, time: 1 }))) {
      missing.push({ name: 'stream_1_time_1', key: { stream: 1, time: 1 } });
    }
    if (expireUs === null) return { missing, fault: null };
    const seconds = expireUs / US_PER_S;
    const ofTime = there.find(({ key }) => sameKey(key, { time: 1 }));
    if (!ofTime) missing.push({ name: 'time_1', key: { time: 1 }, expireAfterSeconds: seconds });
    else if (Number(ofTime.expireAfterSeconds ?? Number.NaN) !== seconds) {
      const what =
        ofTime.expireAfterSeconds === undefined
          ? 'which deletes nothing'
          : `which deletes after ${ofTime.expireAfterSeconds} s`;
      const fault = `collection ${name} has an index "${ofTime.name}" on time, ${what}, and expire says ${seconds} s; drop the index, or change expire`;
      return { missing, fault };
    }
    return { missing, fault: null };
  }

  private async listIndexes(name: string, signal: AbortSignal): Promise<Index[]> {
    try {
      const { cursor } = await this.connection.run({ listIndexes: name, cursor: { batchSize: 1000 } }, signal);
      return cursor.firstBatch;
    } catch (error) {
      if (codeIs(error, NOT_THERE)) return [];
      throw error;
    }
  }
}

function codeIs(error: unknown, code: number): boolean {
  return error instanceof MongodbFault && error.serverCode === code;
}

function sameKey(a: Document, b: Document): boolean {
  const text = (key: Document): string => JSON.stringify(Object.entries(key).map(([name, way]) => [name, Number(way)]));
  return text(a) === text(b);
}
