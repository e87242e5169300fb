import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SinkBatch } from '../../../sinks/sink.js';
import { workload } from '../../contract/sink-workload.js';
import { Receiver } from '../http/receiver.js';
import { Branch, isFault, jsonRowsOf } from './delivering.js';

const receiver = await new Receiver().start();
const batches = workload(11, 120);
const ROWS = batches.reduce((sum, { batch }) => sum + batch.rows, 0);

/** Times are multiples of 500 us: some are poison. */
const isPoison = (timeUs: number): boolean => timeUs % 21_500 === 0;
const poison = batches.flatMap(({ batch }) => [...batch.timeUs].filter(isPoison));
assert.ok(poison.length > 3 && poison.length < ROWS / 4, `${poison.length} of ${ROWS}`);

const WORDS = 'time is refused\u001b[31m\n  on principle';

receiver.behave = ({ method, rows, bytes, path }) => {
  if (method !== 'POST') return null;
  if (rows.some(({ timeUs }) => isPoison(Number(timeUs)))) return { status: 422, body: WORDS };
  return bytes > limits.get(path)! ? { status: 413, body: 'too long' } : null;
};
const limits = new Map<string, number>();

function others(): ReturnType<typeof jsonRowsOf> {
  const rows = jsonRowsOf(batches);
  for (const [stream, list] of rows) {
    rows.set(
      stream,
      list.filter(({ timeUs }) => !isPoison(timeUs as number)),
    );
  }
  return rows;
}

test('dead-letter: exactly the rows that the store refuses go to the dead letters, each once and with its words; all others are stored.', async () => {
  const branch = new Branch(receiver, { onError: 'dead-letter', batch: { rows: 400, bytes: 1 << 20, everyMs: 1000 } });
  const positions = await branch.deliver(batches);
  const refused = branch.letters.map(({ record, row }) => record.batch.timeUs[row]!);
  assert.deepEqual(
    refused.sort((a, b) => a - b),
    [...poison].sort((a, b) => a - b),
  );
  for (const { reason } of branch.letters) {
    assert.equal(reason, 'answered 422 Unprocessable Entity: time is refused [31m on principle');
  }
  assert.equal(branch.deadLetters, poison.length);
  assert.equal(branch.skippedRows, poison.length);
  assert.deepEqual(branch.rows, others());
  assert.deepEqual(ends(positions), endsOf(batches));
});

test('skip: the rows that the store refuses are left out and counted, and no letter is written.', async () => {
  const branch = new Branch(receiver, { onError: 'skip' });
  const positions = await branch.deliver(batches);
  assert.deepEqual(branch.letters, []);
  assert.equal(branch.deadLetters, 0);
  assert.equal(branch.skippedRows, poison.length);
  assert.deepEqual(branch.rows, others());
  assert.deepEqual(ends(positions), endsOf(batches));
});

test('stop: the branch stops at the row that is refused, names it with its place and the words of the store, and does not pass it.', async () => {
  const branch = new Branch(receiver, { onError: 'stop', inFlight: 1 });
  await assert.rejects(
    branch.deliver(batches),
    isFault(
      'rows',
      /^sink "branch" \(http http:\/\/127\.0\.0\.1:\d+\): refuses the row with timeUs \d+ of car\/\d\/stream \d, record \d+ of telemetry\/\d: answered 422 Unprocessable Entity: time is refused/,
    ),
  );
  const sink = branch.make();
  const [position] = (await sink.open()).filter(({ partition }) => partition === 0);
  const first = batches.find(({ partition, batch }) => partition === 0 && batch.timeUs.some(isPoison))!;
  assert.ok((position?.offset ?? 0) <= first.offset);
  await sink.close();
});

test('A request that is too large for the store is halved until it is taken, and that is said once.', async () => {
  const clean = batches.filter(({ batch }) => !batch.timeUs.some(isPoison));
  const branch = new Branch(receiver, { onError: 'stop' });
  limits.set(branch.path, 20_000);
  await branch.deliver(clean);
  assert.deepEqual(branch.rows, jsonRowsOf(clean));
  const taken = receiver.posts(branch.path).filter(({ bytes }) => bytes <= 20_000);
  assert.ok(taken.length > 3 && taken.length < receiver.posts(branch.path).length);
  assert.deepEqual(
    branch.warnings.map((text) => text.replace(/\d+ bytes/, 'N bytes').replace(/:\d+ /, ':P ')),
    ['http http://127.0.0.1:P takes no N bytes at once; batch.bytes below that saves sending them for nothing'],
  );
});

test('A row that alone is too large is refused as a row.', async () => {
  const clean = batches.filter(({ batch }) => batch.rows > 0 && !batch.timeUs.some(isPoison)).slice(0, 2);
  const branch = new Branch(receiver, { onError: 'dead-letter' });
  limits.set(branch.path, 10);
  await branch.deliver(clean);
  assert.equal(branch.letters.length, clean[0]!.batch.rows + clean[1]!.batch.rows);
  assert.match(branch.letters[0]!.reason, /^answered 413 Payload Too Large: too long$/);
});

function ends(positions: readonly { partition: number; offset: number }[]): Map<number, number> {
  return new Map(positions.map(({ partition, offset }) => [partition, offset]));
}

function endsOf(all: readonly SinkBatch[]): Map<number, number> {
  return new Map(all.map(({ partition, offset }) => [partition, offset + 1]));
}
