import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { uniqueName } from '../servers/kafka-server.js';
import { eventually } from '../support/eventually.js';
import { driveFleets } from '../support/fleets.js';
import { freePort } from '../support/free-port.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { rowCount, unionOf } from '../support/jsonl-files.js';
import { tempDir } from '../support/temp-dir.js';

/** Two processors that feed one another, with a join that holds rows back, and one apart from them. */
const PROCESSORS = `
processors:
  at_position:
    from: "{kind}/{car}/imu"
    steps:
      - join: { with: "{kind}/{car}/gps", how: linear, tolerance: 2s, wait: 5s, keep: left }
      - columns: { kmh: speed * 3.6, force: sqrt(ax^2 + ay^2) / 9.80665 }
  hard:
    from: at_position
    steps: [ { filter: force > 0.3 } ]
  hot:
    from: "{kind}/{car}/engine"
    steps: [ { filter: rpm > 4000 } ]
`;
const OUTPUTS = '[at_position, hard, hot]';

export interface FlowOptions {
  /** Lines below `gateway`, `bus.kafka` and `sinks`. */
  gateway?: string;
  kafka?: string;
  sinks?: string;
}

/** A bus of its own in a Kafka cluster, and the processes on it: each has a folder, with its spool, state and files. */
export class Scenario {
  readonly root = tempDir('e2e');
  readonly processes: GatewayProcess[] = [];

  /** What still runs at the end of the test is killed: it failed, and the next one is not to wait for it. */
  constructor(
    t: TestContext,
    readonly brokers: readonly string[],
    private readonly options: FlowOptions = {},
    readonly topic = uniqueName('e2e'),
    /** Names its sinks: others start at the beginning. */
    private readonly sinks = 'first',
  ) {
    t.after(() => Promise.all(this.processes.map((each) => each.kill())));
  }

  /** Not started yet. The same name is the same folder. */
  async process(name: string, role: 'all' | 'gateway' | 'process', more: FlowOptions = {}): Promise<GatewayProcess> {
    const dir = join(this.root, name);
    mkdirSync(dir, { recursive: true });
    const status = role === 'process' ? ['--http', `127.0.0.1:${await freePort()}`] : [];
    const made = new GatewayProcess(dir, await this.yaml(more), ['--role', role, ...status]);
    this.processes.push(made);
    return made;
  }

  /** Folders of one sink over all processes. */
  folders(sink: 'raw' | 'out'): string[] {
    return [...new Set(this.processes.map(({ dir }) => join(dir, sink)))];
  }

  union(sink: 'raw' | 'out'): Map<string, string[]> {
    return unionOf(this.folders(sink));
  }

  rows(sink: 'raw' | 'out'): number {
    return rowCount(...this.folders(sink));
  }

  /** Waits until the processes together have as many different rows as `wanted`, then ends those that run, in order. */
  async finish(wanted: Output, timeoutMs = 120_000): Promise<Output> {
    for (const sink of ['raw', 'out'] as const) {
      const count = countRows(wanted[sink]);
      const isThere = () => this.rows(sink) >= count && countRows(this.union(sink), true) >= count;
      await eventually(`${count} rows of ${sink}`, isThere, timeoutMs).catch((error: Error) => {
        const logs = this.processes.map(({ dir, stderr }) => `${dir}\n${stderr.slice(-3000)}`).join('\n');
        throw new Error(`${error.message}; there are ${this.rows(sink)}\n${logs}`);
      });
    }
    for (const process of this.processes) {
      if (process.running) assert.equal(await process.stop(), 0, process.stderr);
    }
    return { raw: this.union('raw'), out: this.union('out') };
  }

  private async yaml({ gateway = '', kafka = '', sinks = '' }: FlowOptions): Promise<string> {
    const { options, topic } = this;
    return `
gateway:
  mqtt: 127.0.0.1:${await freePort()}
  http: 127.0.0.1:${await freePort()}
${options.gateway ?? ''}${gateway}
bus:
  kafka:
    brokers: [${this.brokers.join(', ')}]
    topic: ${topic}
    group: ${topic}
    partitions: 6
    spool: ./spool
    state: ./state
${options.kafka ?? ''}${kafka}
${PROCESSORS}
sinks:
  ${this.sinks}-raw: { type: file, from: "#", path: ./raw, format: jsonl }
  ${this.sinks}-out: { type: file, from: ${OUTPUTS}, path: ./out, format: jsonl }
${options.sinks ?? ''}${sinks}`;
  }
}

/** The rows of each stream, sorted. */
export interface Output {
  raw: Map<string, string[]>;
  out: Map<string, string[]>;
}

function countRows(rows: Map<string, string[]>, different = false): number {
  return [...rows.values()].reduce((sum, lines) => sum + (different ? new Set(lines).size : lines.length), 0);
}

const references = new Map<string, Promise<Output>>();

/** What the embedded log makes of the same readings, which nothing disturbs. It may be awaited late: it takes a while. */
export function reference(seconds: number, seed: number): Promise<Output> {
  const key = `${seconds} ${seed}`;
  let found = references.get(key);
  if (!found) {
    found = embedded(seconds, seed);
    found.catch(() => {});
    references.set(key, found);
  }
  return found;
}

async function embedded(seconds: number, seed: number): Promise<Output> {
  const dir = tempDir('embedded');
  const yaml = `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus } }
${PROCESSORS}
sinks:
  raw: { type: file, from: "#", path: ./raw, format: jsonl }
  out: { type: file, from: ${OUTPUTS}, path: ./out, format: jsonl }
`;
  const gateway = await new GatewayProcess(dir, yaml).start();
  const reports = await driveFleets(gateway, { seconds, seed, max: true }).reports;
  const rows = reports.reduce((sum, report) => sum + report.rows, 0);
  // Each imu row leaves the join, with a fix or without.
  const joined = () =>
    [...unionOf([join(dir, 'out/at_position')]).values()].reduce((sum, lines) => sum + lines.length, 0);
  const imu = () => [...unionOf([join(dir, 'raw')])].filter(([stream]) => stream.endsWith('/imu'));
  await eventually(
    'all rows of the embedded run',
    () => {
      if (rowCount(join(dir, 'raw')) < rows) return false;
      return joined() >= imu().reduce((sum, [, lines]) => sum + lines.length, 0);
    },
    120_000,
  );
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  return { raw: unionOf([join(dir, 'raw')]), out: unionOf([join(dir, 'out')]) };
}

/** Every row of `wanted` is in `actual`, once, and nothing else. */
export function assertSameRows(actual: Map<string, string[]>, wanted: Map<string, string[]>, what: string): void {
  assert.deepEqual([...actual.keys()].sort(), [...wanted.keys()].sort(), `streams of ${what}`);
  for (const [stream, lines] of wanted) {
    const found = actual.get(stream)!;
    const twice = found.filter((line, i) => line === found[i - 1]);
    const known = new Set(found);
    const missing = lines.filter((line) => !known.has(line));
    const right = new Set(lines);
    const strange = found.filter((line) => !right.has(line));
    const faults = { twice: twice.slice(0, 3), missing: missing.slice(0, 3), strange: strange.slice(0, 3) };
    assert.deepEqual(
      [found.length, twice.length, missing.length, strange.length],
      [lines.length, 0, 0, 0],
      `${what} ${stream}: rows, doubled, missing, strange; ${JSON.stringify(faults)}`,
    );
  }
}

/** Lines of a log that say the same, but for the time and what follows it, and how often they come. */
export function repeated(stderr: string): [line: string, times: number][] {
  const counts = new Map<string, number>();
  for (const line of stderr.split('\n')) {
    if (line === '') continue;
    const text = line.replace(/^\S+Z /, '').replace(/\d+/g, 'N');
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}
