import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { sharedKafka, uniqueName } from '../servers/kafka-server.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { jsonLines, lineCount } from '../support/jsonl-files.js';
import { tempDir } from '../support/temp-dir.js';

/**
 * How long joins wait: more than what a message of the slowest stream spans, and then longer than any machine stands still.
 * What comes later is not joined, and since the time of receipt counts too, results would depend on the load.
 */
export const WAIT = '60s';

/** After everything that is sent. */
const END_MS = Date.UTC(2100, 0, 1);

export interface SameInput {
  /** YAML of `processors` and, indented, of `sinks`; their paths lie below `./out`. */
  processors: string;
  sinks: string;
  /** Sends the input, and returns when all of it is acknowledged. */
  send(gateway: GatewayProcess): Promise<void>;
  /** Streams of right sides of joins: each gets a last row, in this order and after all others, so that nothing waits. */
  ends: string[];
  /** Of the embedded run alone: whether all rows have left, by the rows of each stream. */
  isWhole(rows: ReadonlyMap<string, number>): boolean;
  timeoutMs: number;
}

/** The input becomes the same rows through the embedded log and through Kafka, with one process and with one for each role. */
export async function assertSameThroughKafka(t: TestContext, input: SameInput): Promise<void> {
  const wanted = await throughLog(input);
  await t.test('in one process, --role all', async () => {
    assertSameFiles(await throughKafka(input, 'all', wanted), wanted, 'all');
  });
  await t.test('in two processes, --role gateway and --role process', async () => {
    assertSameFiles(await throughKafka(input, 'split', wanted), wanted, 'split');
  });
}

/** What the input becomes through the embedded log: the folder of its files. */
async function throughLog(input: SameInput): Promise<string> {
  const dir = tempDir('same-log');
  const gateway = await new GatewayProcess(dir, yaml(input, '{ log: { dir: ./bus } }')).start();
  try {
    await send(input, gateway);
    const out = join(dir, 'out');
    await eventually('all rows of the embedded run', () => input.isWhole(rowCounts(out)), input.timeoutMs).catch(
      (error: Error) => {
        throw new Error(`${error.message}; there are ${sum(rowCounts(out))}\n${gateway.stderr.slice(-3000)}`);
      },
    );
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    return out;
  } finally {
    await gateway.kill();
  }
}

/** The same through Kafka, until there are as many rows as in `wanted` and all is read. */
async function throughKafka(input: SameInput, way: 'all' | 'split', wanted: string): Promise<string> {
  const { brokers } = await sharedKafka();
  const root = tempDir(`same-${way}`);
  const name = uniqueName('same');
  const bus = `
  kafka: { brokers: [${brokers.join(', ')}], topic: ${name}, group: ${name}, partitions: 6, spool: ./spool, state: ./state }`;
  const start = (role: 'all' | 'gateway' | 'process') => {
    const dir = join(root, role);
    mkdirSync(dir);
    const status = role === 'process' ? ['--http', '127.0.0.1:0'] : [];
    return new GatewayProcess(dir, yaml(input, bus), ['--role', role, ...status]).start();
  };
  const processes = way === 'all' ? [await start('all')] : [await start('gateway'), await start('process')];
  try {
    await send(input, processes[0]!);
    const out = join(processes.at(-1)!.dir, 'out');
    const total = sum(rowCounts(wanted));
    await eventually(`${total} rows`, () => sum(rowCounts(out)) >= total, input.timeoutMs).catch((error: Error) => {
      const logs = processes.map(({ stderr }) => stderr.slice(-3000)).join('\n');
      throw new Error(`${error.message}; there are ${sum(rowCounts(out))}\n${logs}`);
    });
    for (const each of processes) {
      // Where nothing comes any more, not even a tick, all that is there was read in the end.
      if (each !== processes[0]) await eventually('nothing to read', async () => (await unreadRecords(each)) === 0);
      assert.equal(await each.stop(), 0, each.stderr);
    }
    return out;
  } finally {
    for (const each of processes) await each.kill();
  }
}

/**
 * Every stream has the same rows on both sides, each as often. Says what differs by streams, times and columns: the rows
 * of a recording are nobody's business.
 */
function assertSameFiles(actualDir: string, wantedDir: string, what: string): void {
  const actual = jsonLines(actualDir);
  const wanted = jsonLines(wantedDir);
  assert.deepEqual([...actual.keys()].sort(), [...wanted.keys()].sort(), `streams of ${what}`);
  for (const [stream, text] of wanted) {
    const lines = sorted(text);
    const found = sorted(actual.get(stream)!);
    const missing = without(lines, found);
    const strange = without(found, lines);
    const faults = { missing: missing.slice(0, 3).map(outline), strange: strange.slice(0, 3).map(outline) };
    assert.deepEqual(
      [found.length, missing.length, strange.length],
      [lines.length, 0, 0],
      `${what}, ${stream}: rows, missing, strange; ${JSON.stringify(faults)}`,
    );
  }
}

function rowCounts(dir: string): Map<string, number> {
  return new Map([...jsonLines(dir)].map(([stream, text]) => [stream, lineCount(text)]));
}

/** Rows of the streams whose names match. */
export function rowsOf(rows: ReadonlyMap<string, number>, names: RegExp): number {
  return sum(new Map([...rows].filter(([stream]) => names.test(stream))));
}

function sum(rows: ReadonlyMap<string, number>): number {
  return [...rows.values()].reduce((total, each) => total + each, 0);
}

function sorted(text: string): string[] {
  return text.split('\n').slice(0, -1).sort();
}

/** The lines, sorted, that are not among the others, sorted; a line that is there twice has to be there twice. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const left: string[] = [];
  let at = 0;
  for (const line of lines) {
    while (at < others.length && others[at]! < line) at++;
    if (others[at] === line) at++;
    else left.push(line);
  }
  return left;
}

function outline(line: string): { timeUs: unknown; columns: string } {
  const row = JSON.parse(line) as Record<string, unknown>;
  return { timeUs: row.timeUs, columns: Object.keys(row).join(' ') };
}

/** What the lanes of a process have yet to read, or to make durable. */
async function unreadRecords({ http }: GatewayProcess): Promise<number> {
  const health = (await (await fetch(`http://${http}/health`)).json()) as {
    lanes: { lag: { records: number } }[];
  };
  return health.lanes.reduce((records, { lag }) => records + lag.records, 0);
}

async function send(input: SameInput, gateway: GatewayProcess): Promise<void> {
  await input.send(gateway);
  const client = await IngestClient.connect(gateway.http);
  for (const [i, stream] of input.ends.entries()) client.send({ stream, t: END_MS + i });
  await client.until('the answers', () => client.acked === input.ends.length);
  await client.close();
}

function yaml({ processors, sinks }: SameInput, bus: string): string {
  return `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: ${bus}
${processors}
sinks:
  raw: { type: file, from: "#", path: ./out/raw, format: jsonl }
${sinks}`;
}
