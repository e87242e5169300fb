import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PitwallError } from '../core/errors.js';
import type { BenchCase, VariantRun } from './bench-case.js';
import { aggregate, type BenchResults, type CaseResult } from './bench-results.js';
import { burst } from './cases/burst.js';
import { columns } from './cases/columns.js';
import { encoders } from './cases/encoders.js';
import { group } from './cases/group.js';
import { isolation } from './cases/isolation.js';
import { join } from './cases/join.js';
import { kafka } from './cases/kafka.js';
import { mqttQos1 } from './cases/mqtt-qos1.js';
import { sinks } from './cases/sinks.js';
import { websocketPacked } from './cases/websocket-packed.js';
import { window } from './cases/window.js';
import { currentCommit, describeMachine, isInMemory } from './machine.js';
import { quix } from './peers/quix/quix.js';

export const BENCH_CASES: readonly BenchCase[] = [
  burst,
  mqttQos1,
  websocketPacked,
  join,
  columns,
  window,
  group,
  encoders,
  isolation,
  kafka,
  sinks,
];
/** What others make of the like: run when it is asked for by name. */
export const PEER_CASES: readonly BenchCase[] = [quix];

export interface BenchOptions {
  /** Names of cases; empty: all. */
  names: readonly string[];
  /** Runs of each case. */
  runs: number;
  quick: boolean;
  /** Where the temporary folder is made; null: the system's, or `data` in the current folder where that lies in memory. */
  dir: string | null;
  log(line: string): void;
  signal: AbortSignal;
}

const HERE = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the cases one after the other, each run with a gateway and a folder of its own. */
export async function runBench({ names, runs, quick, dir, log, signal }: BenchOptions): Promise<BenchResults> {
  const chosen = names.length === 0 ? BENCH_CASES : names.map(caseOf);
  const startedAt = new Date().toISOString();
  const root = temporaryFolder(dir);
  const cases: CaseResult[] = [];
  try {
    for (const one of chosen) {
      const measured: VariantRun[][] = [];
      for (let run = 1; run <= runs; run++) {
        signal.throwIfAborted();
        log(`${one.name}, run ${run} of ${runs}: ${one.summary}`);
        measured.push(await one.run({ quick, dir: root, log, signal }));
      }
      cases.push(...aggregate(measured));
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  return { machine: describeMachine(), commit: currentCommit(HERE), quick, startedAt, cases };
}

function caseOf(name: string): BenchCase {
  const all = [...BENCH_CASES, ...PEER_CASES];
  const found = all.find((one) => one.name === name);
  if (found) return found;
  const known = all.map((one) => one.name).join(', ');
  throw new PitwallError('bad-usage', `there is no case "${name}"; there are ${known}`, { stage: 'command' });
}

function temporaryFolder(dir: string | null): string {
  let parent = dir ?? tmpdir();
  if (dir === null && isInMemory(parent)) parent = resolve('data');
  mkdirSync(parent, { recursive: true });
  if (isInMemory(parent)) {
    throw new PitwallError(
      'bad-usage',
      `${parent} lies in memory: nothing is durable there; name a folder on a disk with --dir`,
      {
        stage: 'command',
      },
    );
  }
  return mkdtempSync(joinPath(parent, 'pitwall-bench-'));
}
