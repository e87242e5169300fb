import { type Batch, cellAt } from '../../columnar/batch.js';
import { Schema } from '../../columnar/schema.js';
import { CsvParser } from '../../core/csv-parser.js';
import type { AuditedStream, Auditor } from '../auditor.js';
import { sinkFailed } from '../sink-failed.js';
import { authorization } from './influxdb-client.js';
import { type InfluxdbSinkOptions, placeText } from './influxdb-sink-options.js';
import { type LineLayout, LineTemplate } from './line-template.js';
import { toldStreams } from './told-streams.js';

const PAGE_ROWS = 20_000;
const NS_PER_US = 1_000n;
const NO_COLUMNS = new Schema([]);

/** Asks InfluxDB 1, and 2 by the interface of 1, for the points of a stream's series; times with units above microseconds are too coarse for it. */
export class InfluxdbAuditor implements Auditor {
  private readonly template: LineTemplate;
  private readonly layouts = new Map<string, LineLayout>();

  constructor(
    private readonly options: InfluxdbSinkOptions,
    patterns: readonly string[],
  ) {
    this.template = new LineTemplate(options, toldStreams(patterns, options.measurement));
  }

  async *times({ name, tags, fromUs, toUs }: AuditedStream): AsyncIterable<Float64Array> {
    const { measurement, tags: written } = this.template.layout(name, NO_COLUMNS, tags);
    const series = written.map((tag) => `${identifier(tag.name)} = ${text('value' in tag ? tag.value : '')}`);
    const to = BigInt(toUs) * NS_PER_US + NS_PER_US - 1n;
    let from = BigInt(fromUs) * NS_PER_US;
    for (let limit = PAGE_ROWS; ; ) {
      const where = [...series, `time >= ${from}`, `time <= ${to}`].join(' AND ');
      const page = await this.ask(
        `SELECT * FROM ${identifier(measurement)} WHERE ${where} ORDER BY time LIMIT ${limit}`,
      );
      if (page.length < limit) {
        yield microseconds(page);
        return;
      }
      // Of the last time there may be more points, of other series, behind the page.
      const last = page.at(-1)!;
      const whole = page.filter((time) => time !== last);
      yield microseconds(whole);
      if (whole.length === 0) limit *= 2;
      from = last;
    }
  }

  /** A row without a value that InfluxDB can hold is no point. */
  holds(batch: Batch, row: number): boolean {
    return this.layoutOf(batch).fields.some(({ column }) => {
      const cell = cellAt(batch, column, row);
      return cell !== null && (typeof cell !== 'number' || Number.isFinite(cell));
    });
  }

  async close(): Promise<void> {}

  private layoutOf({ stream, schema }: Batch): LineLayout {
    const key = `${schema.fingerprint} ${stream}`;
    let layout = this.layouts.get(key);
    // Which columns are fields does not depend on what is captured, but for its names.
    if (!layout) this.layouts.set(key, (layout = this.template.layout(stream, schema, {})));
    return layout;
  }

  /** Times in nanoseconds, which JSON could not hold. */
  private async ask(query: string): Promise<bigint[]> {
    const { target } = this.options;
    const place = placeText(target);
    const database = target.version === 2 ? target.bucket : target.database;
    const url = new URL(`${target.url.replace(/\/$/, '')}/query`);
    url.search = String(new URLSearchParams({ db: database, q: query, epoch: 'ns' }));
    const headers = { ...authorization(target), accept: 'application/csv' };
    const answer = await fetch(url, { headers }).catch((error: Error) => {
      throw sinkFailed(
        `${place} does not answer: ${(error.cause as Error | undefined)?.message ?? error.message}`,
        true,
      );
    });
    const body = await answer.text();
    if (!answer.ok) throw sinkFailed(`${place} answers ${answer.status} to a query: ${body.slice(0, 300)}`, false);
    const parser = new CsvParser();
    const times: bigint[] = [];
    let at = -1;
    for (const { cells } of [...parser.push(body), ...parser.end()]) {
      if (at < 0) at = cells.indexOf('time');
      else if (cells[at]) times.push(BigInt(cells[at]!));
    }
    return times;
  }
}

function microseconds(times: readonly bigint[]): Float64Array {
  // Towards the past, also before 1970.
  return Float64Array.from(times, (ns) => Number((ns - (((ns % NS_PER_US) + NS_PER_US) % NS_PER_US)) / NS_PER_US));
}

function identifier(name: string): string {
  return `"${name.replaceAll(/["\\]/g, '\\$&')}"`;
}

function text(value: string): string {
  return `'${value.replaceAll(/['\\]/g, '\\$&')}'`;
}
