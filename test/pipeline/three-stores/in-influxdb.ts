import { queryPoints } from '../../sinks/influxdb/read-points.js';
import type { Cell, SentStream } from './sent-stream.js';
import type { Store, StoredRow, StoredStream } from './store.js';

/**
 * InfluxDB 1 by InfluxQL. What it makes of cells by the sink's README:
 * - no NaN and no infinities: such a cell is null;
 * - no rows without a field;
 * - one type of float: a 32-bit number is written with the digits that give it back when it is rounded to 32 bits;
 * - one type of integer, with `integers: integer`; otherwise i64 may begin a field of floats.
 */
export function inInfluxdb(url: string, database: string): Store {
  const place = { url, database };
  return {
    name: 'InfluxDB',
    types: {
      f64: 'float',
      f32: 'float',
      i64: 'integer',
      i32: 'integer',
      i16: 'integer',
      u8: 'integer',
      bool: 'boolean',
      utf8: 'string',
      tag: 'tag',
    },
    expected: (cell) => (typeof cell === 'number' && !Number.isFinite(cell) ? null : cell),
    found: (cell, type) => {
      // JSON does not tell a float that is whole from an integer; the type of the field does.
      if (type === 'f64') return Number(cell);
      return type === 'f32' ? Math.fround(Number(cell)) : cell;
    },
    tagValue: ({ value, inInfluxdb: stored }) => stored ?? value,
    hasEmptyRows: false,

    async read(stream: SentStream): Promise<StoredStream> {
      const measurement = identifier(stream.name.split('/').at(-1)!);
      const own = stream.tags.find(({ name }) => name === 'stream')!;
      const name = literal(own.inInfluxdb ?? own.value);
      const rows: StoredRow[] = [];
      const types = new Map<string, Set<string>>();
      for (const { values } of await queryPoints(place, `SHOW FIELD KEYS FROM ${measurement}`))
        for (const [field, type] of values as string[][])
          types.set(field!, (types.get(field!) ?? new Set()).add(type!));
      const q = `SELECT * FROM ${measurement} WHERE "stream" = ${name} GROUP BY *`;
      for (const { tags, columns, values } of await queryPoints(place, q)) {
        const series = Object.entries(tags ?? {}).filter(([, value]) => value !== '');
        for (const [tag] of series) types.set(tag, new Set(['tag']));
        for (const cells of values) {
          const row = new Map<string, Cell>(series);
          // The first column is the time.
          for (let i = 1; i < columns.length; i++) if (cells[i] !== null) row.set(columns[i]!, cells[i] as Cell);
          // Below the microsecond is what keeps rows of equal times apart.
          rows.push({ timeUs: Number(BigInt(cells[0] as bigint) / 1000n), cells: row });
        }
      }
      return { rows, types };
    },

    async streams() {
      const series = await queryPoints(place, 'SHOW TAG VALUES WITH KEY = "stream"');
      return new Set(series.flatMap(({ values }) => values.map(([, value]) => value as string)));
    },
  };
}

/** Names and texts as InfluxQL takes them. */
function identifier(name: string): string {
  return `"${name.replaceAll(/["\\]/g, '\\$&')}"`;
}

function literal(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
}
