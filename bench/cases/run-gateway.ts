import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { LatencyHistogram } from '../../devices/senders/latency-histogram.js';
import type { BenchContext, Measure } from '../bench-case.js';
import { GatewayProcess } from '../gateway-process.js';
import type { LoadCounts } from '../load/load-plan.js';
import { countStoredRows, type ExpectedRows } from '../stored-rows.js';

export const MIB = 1024 * 1024;
/** What the gateway may hold between socket and bus in every case. */
export const MEMORY = '256MiB';
/** The project's goal for the whole process. */
const ANONYMOUS_GOAL_MIB = 512;

/** Gives `work` a gateway of its own in an empty folder, and ends and removes both. */
export async function runGateway<T>(
  context: BenchContext,
  yaml: string,
  work: (gateway: GatewayProcess) => Promise<T>,
): Promise<T> {
  const dir = join(context.dir, 'gateway');
  const gateway = await GatewayProcess.start(dir, { memory: MEMORY, yaml });
  try {
    return await work(gateway);
  } finally {
    await gateway.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What every case over a gateway reports beside its own numbers. */
export function processMeasures(gateway: GatewayProcess, loopDelaySeconds: number, cpuSeconds: number): Measure[] {
  return [
    {
      metric: 'peak RssAnon',
      value: gateway.sampler.peakAnonymousBytes / MIB,
      unit: 'MiB',
      limits: { gatewayMemory: 256, goal: ANONYMOUS_GOAL_MIB },
    },
    { metric: 'event-loop delay p99', value: loopDelaySeconds * 1000, unit: 'ms' },
    { metric: 'CPU', value: cpuSeconds, unit: 's' },
  ];
}

export function latencyMeasures(counts: readonly LoadCounts[], prefix = ''): Measure[] {
  const all = new LatencyHistogram();
  for (const { latency } of counts) all.merge(latency);
  return [
    { metric: `${prefix}ack p50`, value: all.quantileMs(0.5), unit: 'ms' },
    { metric: `${prefix}ack p99`, value: all.quantileMs(0.99), unit: 'ms' },
  ];
}

/** Stops the gateway and counts what is in its log against what was sent. */
export async function rowMeasures(
  gateway: GatewayProcess,
  sent: readonly ExpectedRows[],
  acknowledged: number,
): Promise<Measure[]> {
  await gateway.stop();
  const rows = sent.reduce((sum, range) => sum + range.rows, 0);
  const { stored, lost, duplicated } = await countStoredRows(gateway.logDir, sent);
  return [
    { metric: 'rows sent', value: rows, unit: 'rows' },
    { metric: 'rows acknowledged', value: acknowledged, unit: 'rows', limits: { sent: rows } },
    { metric: 'rows stored', value: stored, unit: 'rows', limits: { sent: rows } },
    { metric: 'rows lost', value: lost, unit: 'rows', limits: { most: 0 } },
    { metric: 'rows duplicated', value: duplicated, unit: 'rows', limits: { most: 0 } },
  ];
}

/** Ends early when the benchmark is to end. */
export function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', ended);
      resolve();
    }, seconds * 1000);
    const ended = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    if (signal.aborted) ended();
    else signal.addEventListener('abort', ended, { once: true });
  });
}
