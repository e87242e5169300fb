import type { Cell, Row, Rows } from '../../contract/sink-workload.js';

/** Reads what is stored with InfluxQL over plain HTTP, apart from the code and the client of the sink. */

export interface Place {
  url: string;
  /** Version 2: the bucket. */
  database: string;
  /** What is asked with, `Basic …` or `Token …`; none: without login. */
  authorization?: string;
}

interface Series {
  name: string;
  tags?: Record<string, string>;
  columns: string[];
  values: unknown[][];
}

/** Whole numbers beyond 2^53, as times in nanoseconds are, become bigints. */
export function parseExact(text: string): unknown {
  const marked = text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) =>
    /^-?\d{16,}$/.test(token) ? `{"$":"${token}"}` : token,
  );
  return JSON.parse(marked, (_, value) => (typeof value?.$ === 'string' ? exact(value.$) : value));
}

function exact(digits: string): number | bigint {
  return Number.isSafeInteger(Number(digits)) ? Number(digits) : BigInt(digits);
}

export async function queryPoints({ url, database, authorization }: Place, q: string): Promise<Series[]> {
  const response = await fetch(`${url}/query?${new URLSearchParams({ db: database, epoch: 'ns', q })}`, {
    headers: authorization === undefined ? {} : { authorization },
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${text}`);
  const { results } = parseExact(text) as { results: { error?: string; series?: Series[] }[] };
  if (results[0]!.error !== undefined) throw new Error(results[0]!.error);
  return results.flatMap(({ series }) => series ?? []);
}

/** All points with their nanoseconds rounded down to microseconds, by measurement, in the order of time. */
export async function readPoints(place: Place, measurements = '/.*/'): Promise<Rows> {
  const rows: Rows = new Map();
  for (const { name, tags, columns, values } of await queryPoints(place, `SELECT * FROM ${measurements} GROUP BY *`)) {
    const list = rows.get(name) ?? [];
    rows.set(name, list);
    for (const cells of values) {
      const row: Row = {};
      columns.forEach((column, i) => {
        const cell = cells[i];
        if (column === 'time') row.timeUs = Number(BigInt(cell as bigint) / 1000n);
        else if (cell !== null) row[column] = cell as Cell;
      });
      for (const [tag, value] of Object.entries(tags ?? {})) if (value !== '') row[tag] = value;
      list.push(row);
    }
  }
  return rows;
}
