import { resolve } from 'node:path';
import { Pacer } from '../../devices/pacer.js';
import { loadConfig } from '../../pipeline/config/load-config.js';
import { type BusPoint, busPoint } from '../../pipeline/reprocess/bus-point.js';
import { reprocess } from '../../pipeline/reprocess/reprocess.js';
import { type Arguments, EXIT, type Io, usageError } from '../command.js';
import { oneOf, speedOf } from './load-options.js';

/** `pitwall replay --from-bus`; prints what it read and wrote as one line of JSON. */
export async function replayFromBus({ values, positionals }: Arguments, io: Io): Promise<number> {
  if (positionals.length > 0 || values.to !== undefined) {
    throw usageError('replay --from-bus takes neither FILE nor --to: it reads the bus, and writes below --into');
  }
  if (values.since === undefined) throw usageError('replay --from-bus needs --since, for example --since start');
  if (values.into === undefined) throw usageError('replay --from-bus needs --into FOLDER, which is empty or not there');
  const format = oneOf(values.format ?? 'jsonl', '--format', ['jsonl', 'csv', 'parquet'] as const);
  const speed = speedOf(values.speed ?? 'max');
  const since = pointOf(values.since, '--since');
  const until = values.until === undefined ? null : pointOf(values.until, '--until');
  const config = await loadConfig(values.config as string, io.env);
  for (const warning of config.warnings) io.stderr.write(`${warning}\n`);

  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const startMs = performance.now();
  const pacer = new Pacer(speed, stop.signal);
  try {
    const report = await reprocess(config, {
      since,
      until,
      processors: (values.processor as string[] | undefined) ?? [],
      into: resolve(values.into as string),
      format,
      pace: speed === Number.POSITIVE_INFINITY ? null : (receivedUs) => pacer.until(receivedUs),
      signal: stop.signal,
      warn: (message) => io.stderr.write(`warning: ${message}\n`),
    });
    const seconds = Math.round(performance.now() - startMs) / 1000;
    const summary = { ...report, seconds, ...(stop.signal.aborted && { interrupted: true }) };
    io.stdout.write(`${JSON.stringify(summary)}\n`);
    return stop.signal.aborted ? EXIT.failure : EXIT.ok;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function pointOf(value: unknown, option: string): BusPoint {
  const point = busPoint(String(value));
  if (point) return point;
  throw usageError(`${option} takes a time like 2024-05-01T12:00:00Z, an offset like 1200, or start, not "${value}"`);
}
