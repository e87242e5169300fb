import { PitwallError } from '../core/errors.js';
import type { TimeUnit } from '../core/event-time.js';
import { streamNameFault } from '../core/stream-name.js';
import { Pacer } from '../devices/pacer.js';
import { mergeByTime } from '../devices/recordings/merge.js';
import { isoTimeUs } from '../devices/recordings/recorded-time.js';
import { Recording } from '../devices/recordings/recording.js';
import { senderFor } from '../devices/senders/open-sender.js';
import { type Command, usageError } from './command.js';
import { FROM_BUS_OPTIONS } from './load/from-bus-options.js';
import { LOAD_OPTIONS, oneOf, senderSettings, speedOf, wholeNumber } from './load/load-options.js';
import { LoadRun } from './load/load-run.js';

const YEAR_1990_US = Date.UTC(1990, 0, 1) * 1000;

export const command: Command = {
  name: 'replay',
  summary: 'send recordings with their own timing, or run processors again over what the bus keeps',
  usage: '(FILE... --to URL | --from-bus --since TIME --into FOLDER) [--speed N|max]',
  positionals: true,
  options: {
    ...LOAD_OPTIONS,
    speed: {
      type: 'string',
      value: 'N|max',
      doc: 'times faster than real time; max: as fast as it goes (default: 1; with --from-bus max)',
    },
    format: {
      type: 'string',
      value: 'FORMAT',
      doc: 'of messages: json or packed; with --from-bus of files: jsonl, csv or parquet (default: jsonl)',
    },
    stream: {
      type: 'string',
      default: '{file}',
      value: 'NAME',
      doc: 'the stream; {file} is the file’s name without its endings',
    },
    time: {
      type: 'string',
      value: 'COLUMN,...',
      doc: 'the time’s column, the first that a file has (default: t, ts, time, timestamp, else the first)',
    },
    unit: { type: 'string', value: 's|ms|us|ns', doc: 'of times that are numbers (default: by their size)' },
    offset: { type: 'string', value: 'SECONDS', doc: 'added to all times, for clocks that do not count from 1970' },
    start: { type: 'string', value: 'ISO|now', doc: 'instead of --offset: the first of all rows gets this time' },
    batch: { type: 'string', default: '1', value: 'ROWS', doc: 'rows of a message' },
    ...FROM_BUS_OPTIONS,
  },
  help: `Reads CSV with a header line and JSON lines, gzipped or not; several files are merged by time. All columns are sent,
the time's too (one called t as recorded_t, since t is the time in a payload). A line that is cut by the end of the file
or has an open quote is sent as it stands: the gateway keeps it among its dead letters.
With --client NAME a replay that was ended goes on behind the last message that is durable, when it is started again with
the same files and options (over /ingest).
  pitwall replay drive.csv --to mqtt://127.0.0.1:1883 --stream car/7/imu
  pitwall replay *.csv.gz --unit s --start now --stream car/1/{file} --speed max --batch 100 --to ws://127.0.0.1:8080/ingest
With --from-bus it sends nothing: it reads the log or the Kafka topic of the configuration, beside a running gateway or
without one, runs its processors over it in virtual time, and writes their rows below --into.
  pitwall replay --from-bus -c new.yaml --since 2024-05-01T12:00:00Z --processor g_at_position --into ./again`,
  async run(args, io) {
    const { values, positionals } = args;
    if (values['from-bus']) return (await import('./load/replay-from-bus.js')).replayFromBus(args, io);
    const stray = ['since', 'until', 'into', 'processor'].find((name) => values[name] !== undefined);
    if (stray) throw usageError(`--${stray} needs --from-bus`);
    if (positionals.length === 0) throw usageError('replay takes at least one FILE');
    const settings = senderSettings(args, 'replay');
    if (values.client !== undefined) settings.known = 'skip';
    const speed = speedOf(values.speed ?? '1');
    const batchRows = wholeNumber(values.batch, '--batch', 1, 1_000_000);
    const unit = values.unit === undefined ? null : oneOf<TimeUnit>(values.unit, '--unit', ['s', 'ms', 'us', 'ns']);
    const timeColumns = String(values.time ?? '')
      .split(',')
      .filter(Boolean);
    const recordings: Recording[] = [];
    for (const path of positionals) {
      const recording = await Recording.open(path, { timeColumns, unit, stream: String(values.stream) });
      const fault = streamNameFault(recording.stream);
      if (fault) throw usageError(`the stream "${recording.stream}" of ${path} ${fault}; name it with --stream`);
      recordings.push(recording);
    }
    const shiftUs = shiftOf(recordings, values.offset, values.start);
    const sender = senderFor(settings);
    const run = new LoadRun(io);
    const work = async () => {
      await run.open(sender);
      const pacer = new Pacer(speed, run.signal);
      for await (const { message, dueUs } of mergeByTime(recordings.map((one) => one.messages(batchRows, shiftUs)))) {
        const early = pacer.until(dueUs);
        if (early) await early;
        if (run.signal.aborted) break;
        const waiting = run.send(sender, message);
        if (waiting) await waiting;
      }
    };
    const files = recordings.map(({ path, stream, rows, broken }) => ({ path, stream, rows, sentAsTheyStand: broken }));
    return run.complete(work, { files });
  },
};

/** What is added to all recorded times, whole microseconds. */
function shiftOf(recordings: readonly Recording[], offset: unknown, start: unknown): number {
  const firstUs = Math.min(...recordings.map((one) => one.firstUs));
  if (offset !== undefined && start !== undefined) throw usageError('--offset and --start exclude each other');
  if (offset !== undefined) {
    if (!/^[+-]?\d+(\.\d+)?$/.test(String(offset))) throw usageError(`--offset takes seconds, not "${offset}"`);
    return Math.round(Number(offset) * 1e6);
  }
  if (!Number.isFinite(firstUs)) return 0;
  if (start !== undefined) {
    const startUs = start === 'now' ? Date.now() * 1000 : isoTimeUs(String(start));
    if (startUs === null) throw usageError(`--start takes now or a time like 2024-05-01T12:00:00Z, not "${start}"`);
    return startUs - firstUs;
  }
  if (firstUs >= YEAR_1990_US) return 0;
  const early = recordings.find((one) => one.firstUs === firstUs)!;
  throw new PitwallError(
    'bad-usage',
    `the clock of ${early.path} (column "${early.timeColumn}") does not count from 1970: its first row would be at ` +
      `${new Date(firstUs / 1000).toISOString()}; say when it was with --start or --offset (--offset 0 sends it as it is)`,
    { stage: 'command' },
  );
}
