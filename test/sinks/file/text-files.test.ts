import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PitwallError } from '../../../core/errors.js';
import { FileSink } from '../../../sinks/file/file-sink.js';
import type { FileFormat } from '../../../sinks/file/file-sink-options.js';
import type { SinkBatch } from '../../../sinks/sink.js';
import { record, START_US, temporary } from './helpers.js';
import { filesBelow, query } from './under-test.js';

async function stored(path: string, format: FileFormat, batches: readonly SinkBatch[]): Promise<void> {
  const sink = new FileSink('local', { path, format });
  await sink.open();
  for (const batch of batches) await sink.write([batch]);
  await sink.flush(true);
  await sink.close();
}

test('a jsonl line is stream, time, tags and columns, in that form and order', async (t) => {
  const path = temporary(t);
  const columns = {
    ax: ['f64', 0.1],
    f: ['f32', Math.fround(0.1)],
    big: ['i64', 2n ** 63n - 1n],
    note: ['utf8', 'a"b'],
    ok: ['bool', 1],
    gone: ['f64', null],
    zero: ['f64', -0],
    nan: ['f64', Number.NaN],
  } as const;
  await stored(path, 'jsonl', [record('car/44/imu', 0, columns as never, { tags: { car: '44' } })]);
  assert.equal(
    readFileSync(join(path, 'car/44/imu.jsonl'), 'utf8'),
    `{"stream":"car/44/imu","timeUs":${START_US},"car":"44","ax":0.1,"f":0.1,"big":9223372036854775807,"note":"a\\"b","ok":true,"zero":-0,"nan":null}\n`,
  );
});

test('NaN and infinite cells are counted, since jsonl cannot hold them', async (t) => {
  const sink = new FileSink('local', { path: temporary(t) });
  await sink.open();
  await sink.write([record('a', 0, { x: ['f64', Number.NaN, 1, Infinity], y: ['f32', -Infinity, 2, 3] })]);
  await sink.close();
  assert.equal(sink.counts.nonFinite, 3);
});

test('a column wins over a tag of its name, and the row’s own names stay its own', async (t) => {
  const path = temporary(t);
  const batch = record(
    's',
    0,
    { car: ['i32', 7], stream: ['utf8', 'mine'], timeUs: ['f64', 1.5], timeUs_: ['i32', 2] },
    { tags: { car: '44', stream: 'tagged' } },
  );
  await stored(path, 'jsonl', [batch]);
  assert.equal(
    readFileSync(join(path, 's.jsonl'), 'utf8'),
    `{"stream":"s","timeUs":${START_US},"car":7,"stream_":"mine","timeUs__":1.5,"timeUs_":2}\n`,
  );
});

test('streams that a careless path would mix up lie side by side, and none leaves the folder', async (t) => {
  const path = join(temporary(t), 'out');
  const names = [
    'a',
    'a/b',
    'a.jsonl/b',
    'A',
    '../x',
    'a/../../y',
    '.pitwall/local/journal',
    'a%2Fb',
    'a/./b',
    'x'.repeat(500),
  ];
  await stored(
    path,
    'jsonl',
    names.map((name, i) => record(name, i, { n: ['i32', i] })),
  );
  const found = filesBelow(path, '.jsonl').map(
    (file) => JSON.parse(readFileSync(join(path, file), 'utf8')) as { stream: string; n: number },
  );
  assert.deepEqual(new Map(found.map((row) => [row.n, row.stream])), new Map([...names.entries()].sort()));
  assert.deepEqual(
    filesBelow(join(path, '..'), '.jsonl').filter((file) => !file.startsWith('out/')),
    [],
  );
  assert.ok(existsSync(join(path, 'a.jsonl')) && existsSync(join(path, 'a/b.jsonl')));
});

test('rows that were not flushed are cut off by open, and a file that was new is gone', async (t) => {
  const path = temporary(t);
  await stored(path, 'jsonl', [record('kept', 0, { n: ['i32', 1] })]);
  const before = readFileSync(join(path, 'kept.jsonl'), 'utf8');
  const sink = new FileSink('local', { path });
  await sink.open();
  await sink.write([record('kept', 1, { n: ['i32', 2] }), record('deep/new', 2, { n: ['i32', 3] })]);
  assert.ok(existsSync(join(path, 'deep/new.jsonl')));
  await sink.open();
  assert.equal(readFileSync(join(path, 'kept.jsonl'), 'utf8'), before);
  assert.ok(!existsSync(join(path, 'deep/new.jsonl')));
  await sink.close();
});

test('a file of the user in the place of a stream is refused loudly and never touched', async (t) => {
  for (const format of ['jsonl', 'csv', 'parquet'] as const) {
    const path = temporary(t);
    const theirs = join(path, format === 'parquet' ? 's/partition=0/0000000000000000.parquet' : `s.${format}`);
    mkdirSync(join(theirs, '..'), { recursive: true });
    writeFileSync(theirs, 'not ours\n');
    for (let attempt = 0; attempt < 2; attempt++) {
      const sink = new FileSink('local', { path, format });
      await sink.open();
      const writing = sink.write([record('s', 0, { n: ['i32', 1] })]).then(() => sink.flush(true));
      await assert.rejects(
        writing,
        (error: PitwallError) => error.code === 'sink-failed' && !error.retryable && error.message.includes(theirs),
      );
      await sink.open();
      await sink.close();
    }
    assert.equal(readFileSync(theirs, 'utf8'), 'not ours\n');
  }
});

test('a file that came into the place of an unflushed one is not taken for it when open cleans up', async (t) => {
  const path = temporary(t);
  const sink = new FileSink('local', { path });
  await sink.open();
  await sink.write([record('s', 0, { n: ['i32', 1] })]);
  rmSync(join(path, 's.jsonl'));
  writeFileSync(join(path, 's.jsonl'), 'not ours\n');
  await sink.open();
  await sink.close();
  assert.equal(readFileSync(join(path, 's.jsonl'), 'utf8'), 'not ours\n');
});

test('rows larger than any buffer, with thousands of columns, are written whole', async (t) => {
  const columns = Object.fromEntries(Array.from({ length: 2048 }, (_, i) => [`${'c'.repeat(240)}${i}`, ['i32', i]]));
  const text = 'ä"'.repeat(500_000);
  for (const format of ['jsonl', 'csv'] as const) {
    const path = temporary(t);
    await stored(path, format, [
      record('s', 0, { ...(columns as Record<string, ['i32', number]>), text: ['utf8', text] }),
    ]);
    const content = readFileSync(join(path, `s.${format}`), 'utf8');
    if (format === 'jsonl') {
      const row = JSON.parse(content) as Record<string, unknown>;
      assert.deepEqual([row[`${'c'.repeat(240)}2047`], row.text], [2047, text]);
    } else {
      assert.ok(content.startsWith(`stream,timeUs,${'c'.repeat(240)}0,`));
      assert.ok(content.endsWith(`,2046,2047,"${text.replaceAll('"', '""')}"\r\n`));
    }
  }
});

test('a file that was moved away while it was written keeps the flushed rows; the others come in a new one', async (t) => {
  const path = temporary(t);
  const batches = [0, 1, 2].map((i) => record('s', i, { n: ['i32', i] }));
  const sink = new FileSink('local', { path });
  await sink.open();
  await sink.write(batches.slice(0, 1));
  await sink.flush(false);
  await sink.write(batches.slice(1, 2));
  renameSync(join(path, 's.jsonl'), join(path, 'rotated'));
  await assert.rejects(
    sink.flush(false),
    (error: PitwallError) => error.retryable && /moved, deleted/.test(error.message),
  );
  assert.deepEqual(await sink.open(), [{ topic: 'telemetry', partition: 0, offset: 1 }]);
  await sink.write(batches);
  await sink.flush(false);
  await sink.close();
  const numbers = (file: string): number[] =>
    readFileSync(join(path, file), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).n);
  assert.deepEqual([numbers('rotated'), numbers('s.jsonl')], [[0], [1, 2]]);
});

test('a file that is emptied in place while it is written goes on from there, without the rows that were emptied', async (t) => {
  const path = temporary(t);
  const sink = new FileSink('local', { path });
  await sink.open();
  await sink.write([record('s', 0, { n: ['i32', 0] })]);
  await sink.flush(false);
  await sink.write([record('s', 1, { n: ['i32', 1] })]);
  truncateSync(join(path, 's.jsonl'), 0);
  await assert.rejects(sink.flush(false), (error: PitwallError) => error.retryable);
  await sink.open();
  await sink.write([record('s', 1, { n: ['i32', 1] })]);
  await sink.flush(false);
  await sink.close();
  assert.equal(readFileSync(join(path, 's.jsonl'), 'utf8'), `{"stream":"s","timeUs":${START_US + 1e5},"n":1}\n`);
});

test('a file that was deleted or shortened while nobody wrote is warned about and goes on from what it has', async (t) => {
  const path = temporary(t);
  await stored(path, 'jsonl', [record('deleted', 0, { n: ['i32', 1] }), record('cut', 1, { n: ['i32', 1, 2] })]);
  rmSync(join(path, 'deleted.jsonl'));
  const line = readFileSync(join(path, 'cut.jsonl'), 'utf8').indexOf('\n') + 1;
  truncateSync(join(path, 'cut.jsonl'), line);
  await stored(path, 'jsonl', [record('deleted', 2, { n: ['i32', 3] }), record('cut', 3, { n: ['i32', 4] })]);
  const rows = await query(`SELECT stream, n FROM read_json('${path}/*.jsonl') ORDER BY stream, n`);
  assert.deepEqual(
    rows.map((row) => [row.stream, Number(row.n)]),
    [
      ['cut', 1],
      ['cut', 4],
      ['deleted', 3],
    ],
  );
});

test('what somebody else appended is not taken for the sink’s own: open cuts the file to what the sink wrote', async (t) => {
  const path = temporary(t);
  await stored(path, 'jsonl', [record('s', 0, { n: ['i32', 1] })]);
  const ours = readFileSync(join(path, 's.jsonl'), 'utf8');
  appendFileSync(join(path, 's.jsonl'), '{"stream":"s","timeUs":1');
  await stored(path, 'jsonl', [record('s', 0, { n: ['i32', 1] })]);
  assert.equal(readFileSync(join(path, 's.jsonl'), 'utf8'), ours);
});

test('a csv file has one header; other columns begin a numbered part, and the same columns find theirs again', async (t) => {
  const path = temporary(t);
  const a = (i: number): SinkBatch => record('s', i, { x: ['f64', i], note: ['utf8', i === 0 ? '' : 'a, "b"\r\nc'] });
  const b = (i: number): SinkBatch => record('s', i, { x: ['f64', i], 'odd, "name"': ['i32', null] });
  await stored(path, 'csv', [a(0), b(1), a(2)]);
  await stored(path, 'csv', [b(3), record('s.2', 4, { x: ['f64', 4] }), a(5)]);
  const time = (i: number): number => START_US + i * 1e5;
  assert.equal(
    readFileSync(join(path, 's.csv'), 'utf8'),
    `stream,timeUs,x,note\r\ns,${time(0)},0,""\r\ns,${time(2)},2,"a, ""b""\r\nc"\r\ns,${time(5)},5,"a, ""b""\r\nc"\r\n`,
  );
  assert.equal(
    readFileSync(join(path, 's.2.csv'), 'utf8'),
    `stream,timeUs,x,"odd, ""name"""\r\ns,${time(1)},1,\r\ns,${time(3)},3,\r\n`,
  );
  assert.deepEqual(filesBelow(path, '.csv'), ['s%2E2.csv', 's.2.csv', 's.csv']);
});

test('changed columns and tags within one write keep the order of the rows in a jsonl file', async (t) => {
  const path = temporary(t);
  const sink = new FileSink('local', { path });
  await sink.open();
  await sink.write(
    [0, 1, 2, 3, 4].map((i) =>
      record('s', i, i % 2 ? { n: ['i32', i] } : { n: ['f64', i] }, { tags: i === 4 ? { t: 'x' } : {} }),
    ),
  );
  await sink.flush(false);
  await sink.close();
  const rows = readFileSync(join(path, 's.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).n);
  assert.deepEqual(rows, [0, 1, 2, 3, 4]);
});

test('DuckDB reads jsonl with the types of the cells', async (t) => {
  const path = temporary(t);
  await stored(path, 'jsonl', [
    record('s', 0, {
      x: ['f64', 0.5, null],
      n: ['i64', -(2n ** 63n), 2n ** 53n + 1n],
      ok: ['bool', 1, 0],
      text: ['utf8', 'é\n🏁', '"'],
    }),
  ]);
  const rows = await query(`SELECT *, make_timestamp(timeUs)::VARCHAR AS at FROM read_json('${path}/s.jsonl')`);
  assert.deepEqual(rows, [
    {
      stream: 's',
      timeUs: BigInt(START_US),
      x: 0.5,
      n: -(2n ** 63n),
      ok: true,
      text: 'é\n🏁',
      at: '2024-03-22 12:38:31.123',
    },
    {
      stream: 's',
      timeUs: BigInt(START_US + 1),
      x: null,
      n: 2n ** 53n + 1n,
      ok: false,
      text: '"',
      at: '2024-03-22 12:38:31.123001',
    },
  ]);
});
