import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { InferenceSession } from 'onnxruntime-web';
import { carMessages } from '../../devices/fleet/car-messages.js';
import { Fleet } from '../../devices/fleet/fleet.js';
import { loadConfig } from '../../pipeline/config/load-config.js';
import { loadFunctions } from '../../processors/functions/load-functions.js';
import { PartitionGraph, type ProcessorOutput } from '../../processors/partition-graph.js';
import { runPitwall } from '../cli/run-pitwall.js';
import { dataRecord, outputRows, type Row, rowsOf, schemaOf } from '../processors/telemetry.js';
import { tempDir } from '../support/temp-dir.js';
import { onnxInitializers } from './onnx-initializers.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = join(root, 'examples/onnx');
const START_US = 1_714_564_800_000_000;
const SECONDS = 900;

const schema = schemaOf(['oil', 'f32'], ['water', 'f32'], ['brakes', 'f32'], ['tyres', 'f32']);
const { processors } = await loadConfig(join(folder, 'pitwall.yaml'), {});
const plans = processors.map(({ plan }) => plan);
const functions = await loadFunctions(plans);
const weights = onnxInitializers(readFileSync(join(folder, 'oil.onnx')));

/** The temperatures of a car that drives for some minutes. */
function drive(car: number): Row[] {
  const fleet = new Fleet({ cars: 3, seed: 5, startUs: START_US });
  const range = { car, fromUs: START_US, toUs: START_US + SECONDS * 1e6, rows: 60 };
  const batches = [...carMessages(fleet, range)].map(({ batch }) => batch);
  return batches.filter(({ stream }) => stream === `car/${car}/temps`).flatMap(rowsOf);
}

function recordsOf(car: number, rows: readonly Row[], size: number) {
  const records = [];
  for (let at = 0; at < rows.length; at += size) {
    records.push(dataRecord(`car/${car}/temps`, schema, rows.slice(at, at + size), 1e15));
  }
  return records;
}

/** The rows of a processor, from records of so many rows, each of them a run. */
async function run(processor: string, car: number, rows: readonly Row[], size: number): Promise<Row[]> {
  const graph = new PartitionGraph(plans, [], { functions });
  const out: ProcessorOutput[] = [];
  for (const record of recordsOf(car, rows, size)) out.push(...(await graph.runAsking([record])));
  return outputRows(out.filter((output) => output.processor === processor));
}

/** The forward pass of the model in 64-bit floats, with the weights as they stand in its file. */
function forward({ water, brakes, tyres }: Row): number {
  const of = (name: string) => [...weights[name]!];
  const dense = (x: number[], layer: number) => {
    const weight = of(`w${layer}`);
    const bias = of(`b${layer}`);
    return bias.map((b, to) => x.reduce((sum, each, from) => sum + each * weight[from * bias.length + to]!, b));
  };
  const [mean, scale] = [of('mean'), of('scale')];
  const x = [water, brakes, tyres].map((temp, i) => ((temp as number) - mean[i]!) / scale[i]!);
  const [y] = dense(dense(dense(x, 0).map(Math.tanh), 1).map(Math.tanh), 2);
  return y! * of('oil_scale')[0]! + of('oil_mean')[0]!;
}

test('The configuration of the ONNX example is valid, and its cases pass.', async () => {
  const check = await runPitwall(['check', '-c', join(folder, 'pitwall.yaml')], root);
  assert.deepEqual([check.code, check.stderr], [0, '']);
  const cases = await runPitwall(['test', '-c', join(folder, 'pitwall.yaml')], root);
  assert.deepEqual([cases.code, cases.stderr], [0, ''], cases.stdout);
  assert.match(cases.stdout, /^3 passed, 0 failed$/m);
});

test('The model gives each row what its weights give, computed apart, and a drive in which nothing is wrong has no alarm.', async () => {
  for (const car of [1, 2, 3]) {
    const sent = drive(car);
    assert.equal(sent.length, SECONDS);
    const given = await run('oil', car, sent, 50);
    assert.equal(given.length, sent.length);
    given.forEach((row, i) => {
      const expected = forward(sent[i]!);
      assert.ok(Math.abs((row.oil_expected as number) - expected) < 1e-4, `row ${i}: ${row.oil_expected}, ${expected}`);
      assert.equal(row.oil_off, (row.oil as number) - (row.oil_expected as number));
    });
    assert.deepEqual(await run('oil_alarm', car, sent, 50), []);
  }
});

test('Oil that gets warmer than the rest of the car gives an alarm from there on.', async () => {
  const sent = drive(1).map((row, i) => (i < 600 ? row : { ...row, oil: (row.oil as number) + (i - 600) / 10 }));
  const alarms = (await run('oil_alarm', 1, sent, 20)).map(({ timeUs }) => timeUs);
  const wanted = sent.filter((row) => Math.abs((row.oil as number) - forward(row)) > 5).map(({ timeUs }) => timeUs);
  assert.ok(wanted.length > 200 && wanted[0]! > sent[620]!.timeUs, `${wanted.length} rows`);
  assert.deepEqual(alarms, wanted);
});

test('What the model gives for a row is the same bits whatever rows come with it, and one that lacks a number spoils none.', async () => {
  const sent = drive(2).map((row, i): Row => {
    if (i % 7 === 0) return { ...row, water: null };
    if (i % 11 === 0) return { ...row, brakes: Number.POSITIVE_INFINITY };
    return i % 13 === 0 ? { ...row, tyres: Number.NaN } : row;
  });
  const lacks = ({ water, brakes, tyres }: Row) => ![water, brakes, tyres].every(Number.isFinite);
  const alone = (await run('oil', 2, sent, 1)).map(({ oil_expected }) => oil_expected);
  assert.deepEqual(
    alone.map((each) => each === null),
    sent.map(lacks),
  );
  for (const size of [2, 3, 5, 16, SECONDS]) {
    const together = (await run('oil', 2, sent, size)).map(({ oil_expected }) => oil_expected);
    assert.deepEqual(together, alone, `${size} rows at once`);
  }
});

test('A batch is one call of the model, and calls of several partitions are made one after the other.', async (t) => {
  const sent = drive(3);
  const { prototype } = InferenceSession as unknown as { prototype: { run: InferenceSession['run'] } };
  const original = prototype.run as (...given: unknown[]) => Promise<InferenceSession.ReturnType>;
  const calls: number[] = [];
  let under = 0;
  let most = 0;
  prototype.run = async function (this: InferenceSession, ...given: unknown[]) {
    const { temps } = given[0] as { temps: { dims: number[] } };
    calls.push(temps.dims[0]!);
    most = Math.max(most, ++under);
    try {
      return await original.apply(this, given);
    } finally {
      under--;
    }
  };
  t.after(() => {
    prototype.run = original;
  });
  const graphs = [1, 2, 3, 4].map(() => new PartitionGraph(plans, [], { functions }));
  const outputs = await Promise.all(graphs.map((graph) => graph.runAsking(recordsOf(3, sent, 300))));
  for (const output of outputs) assert.deepEqual(outputRows(output), outputRows(outputs[0]!));
  assert.equal(
    calls.reduce((sum, rows) => sum + rows, 0),
    4 * SECONDS,
  );
  assert.ok(calls.length <= 4 * 3, `${calls.length} calls`);
  assert.equal(most, 1);
});

const faults: [what: string, change: (folder: string) => void, message: RegExp][] = [
  [
    'is not there',
    (beside) => rmSync(join(beside, 'oil.onnx')),
    /the model \S+oil\.onnx is not there; train\.py makes it/,
  ],
  [
    'is no model',
    (beside) => writeFileSync(join(beside, 'oil.onnx'), 'version https://git-lfs.github.com/spec/v1'),
    /the model \S+oil\.onnx cannot be loaded: .*; make it anew with train\.py/,
  ],
  [
    'takes another number of features',
    (beside) => edit(join(beside, 'oil-expected.ts'), "'brakes', ", ''),
    /the model \S+oil\.onnx takes temps float32\[rows, 3\], and the module gives temps float32\[rows, 2\] \(water, tyres\); export/,
  ],
  [
    'names its input otherwise',
    (beside) => edit(join(beside, 'oil.onnx'), 'temps', 'other'),
    /the model \S+oil\.onnx takes other float32\[rows, 3\], and the module gives temps float32\[rows, 3\]/,
  ],
  [
    'names its output otherwise',
    (beside) => edit(join(beside, 'oil-expected.ts'), "output: 'oil'", "output: 'oil_temp'"),
    /the model \S+oil\.onnx gives oil float32\[rows, 1\], and the module takes oil_temp float32\[rows, 1\]; export/,
  ],
];

/** As bytes: a model holds its names as texts of a known length. */
function edit(file: string, from: string, to: string): void {
  const before = readFileSync(file, 'latin1');
  assert.ok(before.includes(from));
  writeFileSync(file, before.replaceAll(from, to), 'latin1');
}

for (const [what, change, message] of faults) {
  test(`A model that ${what} is found by check, which names the file and says what to do.`, async () => {
    const copy = join(tempDir('onnx'), 'onnx');
    cpSync(folder, copy, { recursive: true, filter: (source) => !source.endsWith('data') });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    change(copy);
    const { code, stderr } = await runPitwall(['check', '-c', join(copy, 'pitwall.yaml')], copy);
    assert.equal(code, 78, stderr);
    assert.match(stderr, message);
    assert.match(stderr, /pitwall\.yaml:\d+:\d+: processors\.oil\.steps\[0\]\.map: /);
  });
}
