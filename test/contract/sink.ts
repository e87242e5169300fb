import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Schema } from '../../columnar/schema.js';
import { PitwallError } from '../../core/errors.js';
import type { Position, Sink, SinkBatch } from '../../sinks/sink.js';
import { type Cell, type Row, type Rows, rowsOf, seeded, TOPIC, workload } from './sink-workload.js';

/** What the contract needs to know of a sink: how to make one over a place, and how to read that place back. */
export interface SinkUnderTest {
  /** A sink that writes to the place `folder` stands for; the same store for the same folder. */
  make(folder: string): Sink | Promise<Sink>;
  /** All rows in the store, each stream's in their order. */
  readRows(folder: string): Promise<Rows>;
  /** What becomes of a cell the format cannot hold; undefined when it is left out. Without it: the cell itself. */
  stored?(cell: Cell): Cell | undefined;
  /** Whether the format can hold a row, after `stored`; default yes. */
  holds?(row: Row): boolean;
  /** Whether the rows of a stream come back in order; else they are compared as a set. Default true. */
  ordered?: boolean;
}

export interface SinkContractOptions {
  title: string;
  under: SinkUnderTest;
  /** Where the kill test's process finds `under`: URL of its module, and the export. */
  module: string;
  exportName: string;
  /** Descriptors a sink may hold with 2,000 streams. */
  descriptorsMax: number;
}

const KILLS = 5;

/** The contract of `Sink`, for every implementation. */
export function sinkContract({ title, under, module, exportName, descriptorsMax }: SinkContractOptions): void {
  const expectRows = (folder: string, batches: readonly SinkBatch[]) => assertStored(under, folder, batches);

  test(`${title}: every cell that is fed is read back, of every type and at its extremes`, async (t) => {
    const folder = temporary(t);
    const batches = workload(1, 300);
    const sink = await under.make(folder);
    assert.deepEqual(await sink.open(), []);
    for (let i = 0; i < batches.length; i += 25) await sink.write(batches.slice(i, i + 25));
    const positions = await sink.flush(true);
    await sink.close();
    assert.deepEqual(sorted(positions), endOf(batches));
    await expectRows(folder, batches);
  });

  test(`${title}: feeding any range again, to the same sink or to a new one, changes nothing`, async (t) => {
    const folder = temporary(t);
    const batches = workload(2, 200);
    let sink = await under.make(folder);
    await sink.open();
    await sink.write(batches.slice(0, 120));
    await sink.write(batches.slice(40, 130));
    await sink.flush(false);
    await sink.write(batches.slice(0, 150));
    await sink.flush(true);
    await sink.close();
    sink = await under.make(folder);
    assert.deepEqual(sorted(await sink.open()), endOf(batches.slice(0, 150)));
    await sink.write(batches);
    await sink.flush(true);
    await sink.write(batches.slice(100));
    await sink.flush(true);
    assert.deepEqual(sorted(await sink.open()), endOf(batches));
    await sink.close();
    await expectRows(folder, batches);
  });

  test(`${title}: what was written and not flushed is asked for again, and then there once`, async (t) => {
    const folder = temporary(t);
    const batches = workload(3, 200);
    let sink = await under.make(folder);
    await sink.open();
    await sink.write(batches.slice(0, 70));
    await sink.flush(true);
    await sink.write(batches.slice(70, 160));
    await sink.close();
    sink = await under.make(folder);
    const positions = sorted(await sink.open());
    assert.deepEqual(positions, endOf(batches.slice(0, 70)));
    await sink.write(batches.slice(70));
    await sink.flush(true);
    await sink.close();
    await expectRows(folder, batches);
  });

  test(`${title}: a flush that is not forced returns positions from which feeding gives every row once`, async (t) => {
    const folder = temporary(t);
    const batches = workload(4, 250);
    let sink = await under.make(folder);
    await sink.open();
    await sink.write(batches.slice(0, 100));
    await sink.flush(false);
    await sink.write(batches.slice(100, 180));
    const flushed = sorted(await sink.flush(false));
    await sink.close();
    sink = await under.make(folder);
    assert.deepEqual(sorted(await sink.open()), flushed);
    const next = new Map(flushed.map((p) => [p.partition, p.offset]));
    await sink.write(batches.filter((b) => b.offset >= (next.get(b.partition) ?? 0)));
    await sink.flush(true);
    await sink.close();
    await expectRows(folder, batches);
  });

  test(`${title}: an empty batch moves the position and writes nothing`, async (t) => {
    const folder = temporary(t);
    const sink = await under.make(folder);
    await sink.open();
    const batch = { stream: '', schema: new Schema([]), rows: 0, timeUs: new Float64Array(0), columns: [] };
    await sink.write([{ batch, topic: TOPIC, partition: 5, offset: 77, key: '', tags: {}, receivedUs: 1e15 }]);
    assert.deepEqual(await sink.flush(false), [{ topic: TOPIC, partition: 5, offset: 78 }]);
    assert.deepEqual(await sink.open(), [{ topic: TOPIC, partition: 5, offset: 78 }]);
    await sink.close();
    assert.equal((await under.readRows(folder)).size, 0);
  });

  test(`${title}: before open, write and flush are refused as sink-failed`, async (t) => {
    const sink = await under.make(temporary(t));
    const refused = (error: unknown): boolean => error instanceof PitwallError && error.code === 'sink-failed';
    await assert.rejects(sink.write(workload(5, 1)), refused);
    await assert.rejects(sink.flush(false), refused);
    await sink.close();
  });

  test(`${title}: 2,000 streams are written with at most ${descriptorsMax} descriptors`, async (t) => {
    const folder = temporary(t);
    const batches = workload(6, 4_000, 4, 2_000);
    const before = descriptors();
    const sink = await under.make(folder);
    await sink.open();
    let most = 0;
    for (let i = 0; i < batches.length; i += 1_000) {
      await sink.write(batches.slice(i, i + 1_000));
      most = Math.max(most, descriptors() - before);
    }
    await sink.flush(true);
    most = Math.max(most, descriptors() - before);
    await sink.close();
    assert.ok(most <= descriptorsMax, `${most} descriptors were open`);
    await expectRows(folder, batches);
  });

  test(`${title}: killed ${KILLS} times with -9 while it writes, it ends with the rows of an untouched run`, async (t) => {
    const folder = temporary(t);
    const [seed, records] = [7, 3_000];
    const random = seeded(Number(process.env.PITWALL_SEED ?? 8));
    const child = fileURLToPath(new URL('./sink-child.js', import.meta.url));
    let kills = 0;
    for (let attempt = 0; ; attempt++) {
      assert.ok(attempt < 100, 'the writer never came to its end');
      const args = [child, module, exportName, folder, String(seed), String(records), String(attempt)];
      const process_ = spawn(process.execPath, [...process.execArgv, ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(process_, 'exit');
      if (kills < KILLS) {
        // Most while it feeds, some while it starts and opens.
        const feeding = random() < 0.75;
        if (feeding) await Promise.race([once(process_.stdout, 'data'), ended]);
        await new Promise((resolve) => setTimeout(resolve, feeding ? random() * 60 : 60 + random() * 100));
        process_.kill('SIGKILL');
      }
      const [code, signal] = (await ended) as [number | null, string | null];
      if (signal === 'SIGKILL') kills++;
      else {
        assert.equal(code, 0);
        if (kills >= KILLS || attempt >= KILLS) break;
      }
    }
    t.diagnostic(`${kills} kills hit a writer at work`);
    assert.ok(kills >= 3, `only ${kills} kills hit the writer`);
    await expectRows(folder, workload(seed, records));
  });
}

/** A folder for the time of a test. */
export function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'pitwall-sink-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The store has the rows of an untouched run: each once, and no other. */
export async function assertStored(under: SinkUnderTest, folder: string, batches: readonly SinkBatch[]): Promise<void> {
  compare(await under.readRows(folder), expected(under, batches), under.ordered ?? true);
}

function descriptors(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
}

function endOf(batches: readonly SinkBatch[]): Position[] {
  const ends = new Map<number, Position>();
  for (const { topic, partition, offset } of batches) ends.set(partition, { topic, partition, offset: offset + 1 });
  return sorted([...ends.values()]);
}

function sorted(positions: readonly Position[]): Position[] {
  return [...positions].sort((a, b) => a.partition - b.partition);
}

function expected(under: SinkUnderTest, batches: readonly SinkBatch[]): Rows {
  const rows = rowsOf(batches);
  const stored = under.stored?.bind(under) ?? ((cell: Cell) => cell);
  for (const [stream, list] of rows) {
    for (const row of list) {
      for (const [name, cell] of Object.entries(row)) {
        const kept = stored(cell);
        if (kept === undefined) delete row[name];
        else row[name] = kept;
      }
    }
    const held = list.filter((row) => under.holds?.(row) ?? true);
    if (held.length > 0) rows.set(stream, held);
    else rows.delete(stream);
  }
  return rows;
}

function compare(actual: Rows, wanted: Rows, ordered: boolean): void {
  assert.deepEqual([...actual.keys()].sort(), [...wanted.keys()].sort());
  for (const [stream, rows] of wanted) {
    const found = actual.get(stream)!;
    assert.equal(found.length, rows.length, `rows of ${stream}`);
    if (ordered) assert.deepEqual(found, rows, stream);
    else assert.deepEqual(found.map(textOf).sort(), rows.map(textOf).sort(), stream);
  }
}

/** A row as text that differs where a cell does; for rows whose order says nothing. */
function textOf(row: Row): string {
  return JSON.stringify(
    Object.keys(row)
      .sort()
      .map((name) => [name, typeof row[name], Object.is(row[name], -0) ? '-0' : String(row[name])]),
  );
}
