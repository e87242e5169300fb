import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { exactUs } from '../../support/exact-us.js';
import { pitwall } from '../../support/gateway-process.js';
import { readCsv } from '../../support/recorded-csv.js';
import { sharedPath } from '../../support/recordings.js';
import { type Cell, type SentColumn, type SentStream, tagsOf } from './sent-stream.js';

/** A recording of a real car: a folder of CSV files, each a stream. */
export interface Recording {
  folder: string;
  car: string;
  /** The time's column, the first of these that a file has, and its unit in microseconds. */
  time: readonly string[];
  unit: 's' | 'ms';
  /** The time of the first of all rows, where the clock does not count from 1970. */
  start?: string;
  /** It is of a private person. */
  isPrivate: boolean;
  /** Lines that are no rows, which the gateway refuses: their streams. */
  refused: readonly string[];
}

export const COMMA: Recording = {
  folder: 'data/comma2k19-segment',
  car: 'comma',
  time: ['t'],
  unit: 's',
  start: '2018-08-02T16:14:48Z',
  isPrivate: false,
  refused: [],
};

export const VEHSENSE: Recording = {
  folder: 'data/vehsense-trip-a',
  car: 'vehsense',
  time: ['sys_time', 'system_time', 'timestamp'],
  unit: 'ms',
  isPrivate: true,
  refused: ['road/vehsense/raw_rot'],
};

/**
 * Rows of a message, and so of a record. At this number no time of these files stands once at the end of one record and
 * once at the start of the next without another equal pair in either: InfluxDB would take the two for one row.
 */
const BATCH = 250;
const WHOLE = /^(?:0|-?[1-9]\d*)$/;
const NUMBER = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** What the files hold, read by plain code, stream by stream. */
export function* recordedStreams(recording: Recording): Generator<SentStream> {
  const { car, start, isPrivate } = recording;
  const files = filesOf(recording);
  const shiftUs =
    start === undefined ? 0 : Date.parse(start) * 1000 - Math.min(...files.map((file) => firstUs(recording, file)));
  for (const file of files) {
    const { columns: names, rows } = readCsv(file);
    const columns = names.map(
      (name, c): SentColumn => ({
        // A column `t` would be the time of the payload.
        name: name === 't' ? 'recorded_t' : name,
        type: typeOf(rows.map((cells) => cells[c])),
      }),
    );
    const time = timeOf(recording, names);
    const stream = `road/${car}/${basename(file).split('.')[0]}`;
    yield {
      name: stream,
      tags: tagsOf(stream),
      columns,
      rows: rows.map((cells) => ({
        timeUs: exactUs(cells[time]!, scaleOf(recording)) + shiftUs,
        cells: columns.map(({ type }, c) => cellOf(cells[c], type)),
      })),
      isPrivate,
    };
  }
}

/** Sends the files by `pitwall replay`, as fast as it goes. */
export async function replay(http: string, recording: Recording): Promise<void> {
  const { car, time, unit, start, refused, isPrivate } = recording;
  const { stdout, stderr } = await pitwall(
    [
      ...['replay', ...filesOf(recording), '--stream', `road/${car}/{file}`, '--to', `ws://${http}/ingest`],
      ...['--time', time.join(), '--unit', unit, '--speed', 'max', '--batch', String(BATCH)],
      ...(start === undefined ? [] : ['--start', start]),
    ],
    { timeoutMs: 300_000 },
  );
  if (!stdout.includes(`"rejected":${refused.length},`))
    throw new Error(`replay of ${car}: ${isPrivate ? 'failed (not shown)' : stderr.slice(-500)}`);
}

function filesOf({ folder }: Recording): string[] {
  const path = sharedPath(folder);
  return readdirSync(path)
    .filter((name) => /\.(csv|txt)\.gz$/.test(name) && !name.startsWith('LICENSE'))
    .sort()
    .map((name) => join(path, name));
}

function timeOf({ time }: Recording, columns: readonly string[]): number {
  return columns.indexOf(time.find((name) => columns.includes(name))!);
}

function scaleOf({ unit }: Recording): 1e6 | 1e3 {
  return unit === 's' ? 1e6 : 1e3;
}

function firstUs(recording: Recording, file: string): number {
  const { columns, rows } = readCsv(file);
  return exactUs(rows[0]![timeOf(recording, columns)]!, scaleOf(recording));
}

/** The type of a column by all its cells: whole numbers, numbers, or texts. NaN and nothing are nulls. */
function typeOf(cells: readonly (string | undefined)[]): SentColumn['type'] {
  const present = cells.filter((cell) => cell !== undefined && cell !== 'NaN') as string[];
  if (!present.every((cell) => NUMBER.test(cell))) return 'utf8';
  return present.length > 0 && present.every((cell) => WHOLE.test(cell)) ? 'i64' : 'f64';
}

function cellOf(cell: string | undefined, type: SentColumn['type']): Cell {
  if (cell === undefined || cell === 'NaN') return null;
  return type === 'utf8' ? cell : Number(cell);
}
