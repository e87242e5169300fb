import type { Batch } from '../../../columnar/batch.js';
import type { Field } from '../../../columnar/schema.js';
import { IngestSender } from '../../../devices/senders/ingest-sender.js';
import type { WireFormat } from '../../../devices/senders/sender.js';
import { recordOf, START_US } from '../../sinks/record-of.js';
import { random } from '../../support/random.js';
import { CHANGING_COLUMNS, JSON_COLUMNS, type NastyColumn, PACKED_COLUMNS } from './nasty-columns.js';
import { type Cell, type SentRow, type SentStream, type SentTag, wholeNumber } from './sent-stream.js';

/** Streams of cells, names and tags that are likely to go wrong, and their way to the gateway. */

const MESSAGE_ROWS = 100;
const USUAL_NULLS = 0.15;
const ROWS_OF_NULLS = 0.02;
const FIRST_US = 1;
const LAST_US = Date.UTC(2200, 0, 1) * 1000 - 1;

interface NastyStream {
  /** What `{car}` captures. */
  car: string;
  /** Car and stream in InfluxDB, where a backslash before a blank, or at the end, gets `_` behind it. */
  inInfluxdb?: { car: string; stream: string };
  sensor: string;
  format: WireFormat;
  columns: readonly NastyColumn[];
}

const STREAMS: readonly NastyStream[] = [
  { car: 'ü車🏎 44,=x', sensor: 'packed', format: 'packed', columns: PACKED_COLUMNS },
  {
    car: 'say "hi"\\ b\\',
    inInfluxdb: { car: 'say "hi"\\_ b\\_', stream: 'nasty/say "hi"\\_ b\\/packed, too' },
    sensor: 'packed, too',
    format: 'packed',
    columns: PACKED_COLUMNS,
  },
  { car: "it's {1}*?é\u0301", sensor: '=json 🏁', format: 'json', columns: JSON_COLUMNS },
  { car: '44', sensor: 'changing', format: 'packed', columns: CHANGING_COLUMNS },
];

/** `rows` of each stream; the same for the same seed. */
export function* nastyStreams(rows: number, seed: number): Generator<SentStream> {
  for (const [i, stream] of STREAMS.entries()) {
    const messages = [...messagesOf(stream, rows, seed + i)];
    yield {
      name: nameOf(stream),
      tags: tagsOfNasty(stream),
      columns: stream.columns.map(({ field: { name, type, scale }, called }) => ({
        name,
        type: scale === 1 ? type : 'f64',
        ...(called && { called }),
      })),
      rows: messages.flatMap((message) => message.rows),
      isPrivate: false,
    };
  }
}

/** Sends what `nastyStreams` gives, each stream as a device of its own. */
export async function sendNasty(http: string, rows: number, seed: number): Promise<void> {
  for (const [i, stream] of STREAMS.entries()) {
    const { format } = stream;
    const sender = new IngestSender({
      url: `ws://${http}/ingest`,
      format,
      client: `nasty-${i}`,
      known: 'continue',
      giveUpMs: 30_000,
    });
    await sender.open();
    for (const { batch } of messagesOf(stream, rows, seed + i)) await sender.send({ batch });
    await sender.drain();
    await sender.close();
    const { rejected, reasons, rowsAcknowledged } = sender.report;
    if (rejected > 0 || rowsAcknowledged !== rows)
      throw new Error(`${nameOf(stream)}: ${rowsAcknowledged} rows of ${rows} were taken: ${reasons[0]}`);
  }
}

interface Message {
  batch: Batch;
  rows: SentRow[];
}

/**
 * Rows of some equal times, though never over the border of a message: InfluxDB takes two rows for one that have the
 * same time in two records, each without another equal pair. The first and the last time are those that may be sent.
 */
function* messagesOf({ format, columns, ...stream }: NastyStream, rows: number, seed: number): Generator<Message> {
  const next = random(seed);
  let lastUs = START_US;
  for (let from = 0; from < rows; from += MESSAGE_ROWS) {
    const times = Array.from({ length: Math.min(MESSAGE_ROWS, rows - from) }, (_, i) => {
      if (from + i === 0) return FIRST_US;
      if (from + i === rows - 1) return LAST_US;
      lastUs += i === 0 ? 7_001 : Math.floor(next() * 4) * 333;
      return lastUs;
    });
    const present = columns.flatMap((column, place) => partOf(column, place, from < rows / 2 ? 0 : 1));
    const cells = present.map(({ raw, nulls }) => times.map(() => (next() < nulls ? null : raw(next))));
    for (let i = 0; i < times.length; i++) if (next() < ROWS_OF_NULLS) for (const column of cells) column[i] = null;
    // JSON makes of a column what its first numbers are.
    if (from === 0 && format === 'json')
      present.forEach(({ field }, c) => {
        if (field.type === 'f64') cells[c]![0] = 0.5;
      });
    yield {
      batch: recordOf({
        stream: nameOf(stream),
        times: times.map((time) => time - START_US),
        columns: present.map(({ field }, c) => [field, cells[c]!]),
      }).batch,
      rows: times.map((timeUs, i) => {
        const row = new Array<Cell>(columns.length).fill(null);
        present.forEach(({ field, place }, c) => {
          row[place] = meant(cells[c]![i]!, field);
        });
        return { timeUs, cells: row };
      }),
    };
  }
}

/** What a column is in a message of one half, and its place; nothing where it is not there. */
function partOf({ field, raw, nulls = USUAL_NULLS, halves }: NastyColumn, place: number, half: 0 | 1) {
  if (halves === undefined) return [{ field, raw, nulls, place }];
  const part = halves[half];
  return part === null ? [] : [{ field: { ...field, type: part.type }, raw: part.raw, nulls, place }];
}

/** What a raw cell stands for. */
function meant(cell: Cell, { scale, offset }: Field): Cell {
  if (cell === null || typeof cell === 'string' || typeof cell === 'boolean') return cell;
  if (scale !== 1 || offset !== 0) return Number(cell) * scale + offset;
  return typeof cell === 'bigint' ? wholeNumber(cell) : cell;
}

function nameOf({ car, sensor }: Pick<NastyStream, 'car' | 'sensor'>): string {
  return `nasty/${car}/${sensor}`;
}

function tagsOfNasty({ car, sensor, columns, inInfluxdb }: NastyStream): SentTag[] {
  const hasColumn = (name: string) => columns.some(({ field }) => field.name === name);
  // A capture that is called like a column gives way to it, but for InfluxDB, where it tells series apart.
  const gone = { S3: null, MongoDB: null };
  return [
    { name: 'stream', value: nameOf({ car, sensor }), ...(inInfluxdb && { inInfluxdb: inInfluxdb.stream }) },
    {
      name: 'car',
      value: car,
      ...(hasColumn('car') && { called: gone }),
      ...(inInfluxdb && { inInfluxdb: inInfluxdb.car }),
    },
  ];
}
