import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { tempDir } from '../support/temp-dir.js';

const MODULE = `import { registerAggregate } from 'pitwall';

registerAggregate<{ n: number; squares: number }>('rms', {
  parameters: ['x'],
  create: () => ({ n: 0, squares: 0 }),
  add: (state, [x]) => ({ n: state.n + 1, squares: state.squares + x! * x! }),
  merge: (a, b) => ({ n: a.n + b.n, squares: a.squares + b.squares }),
  result: ({ n, squares }) => (n === 0 ? null : Math.sqrt(squares / n)),
});
`;
const yaml = (modules: string) => `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus } }
${modules}
processors:
  shake:
    from: car/{car}/imu
    steps: [ { window: { rows: 4, aggregate: { rms: rms(ax), twice: 2 * rms(ax) + max(ax) } } } ]
sinks: { out: { type: file, from: shake, path: ./out } }
`;

test('an aggregate of a module is computed in worker threads, and after a restart goes on from what was kept', async () => {
  const dir = tempDir('own-aggregates');
  writeFileSync(join(dir, 'rms.ts'), MODULE);
  const send = async (from: number, to: number) => {
    const gateway = await new GatewayProcess(dir, yaml('modules: ./rms.ts')).start();
    const client = await IngestClient.connect(gateway.http);
    for (let i = from; i < to; i++) client.send({ stream: 'car/44/imu', t: 1711111111000 + i * 10, ax: i + 0.5 });
    await client.until('all acks', () => client.acked === to - from);
    await client.close();
    return gateway;
  };
  const first = await send(0, 6);
  assert.equal(await first.stop(), 0, first.stderr);
  const second = await send(6, 12);
  const file = join(dir, 'out/shake/car/44.jsonl');
  const lines = () => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []);
  await eventually('three windows', () => lines().length >= 3);
  assert.equal(await second.stop(), 0, second.stderr);
  const expected = [0, 4, 8].map((start) => {
    const squares = [0, 1, 2, 3].map((i) => (start + i + 0.5) ** 2);
    const rms = Math.sqrt(squares.reduce((sum, square) => sum + square) / 4);
    return [rms, 2 * rms + start + 3.5];
  });
  assert.deepEqual(
    lines().map((line) => [JSON.parse(line).rms, JSON.parse(line).twice]),
    expected,
  );
});

test('a module that is not there, and an aggregate that no module adds, are said at their places in the file', async () => {
  const dir = tempDir('own-aggregates-faults');
  const check = async (modules: string) => {
    writeFileSync(join(dir, 'pitwall.yaml'), yaml(modules));
    const { code, stderr } = await pitwall(['check'], { cwd: dir });
    assert.equal(code, 78);
    return stderr;
  };
  assert.match(await check('modules: [./rsm.ts]'), /pitwall\.yaml:8:\d+: .*rms/);
  writeFileSync(join(dir, 'rms.ts'), MODULE);
  writeFileSync(join(dir, 'bad.ts'), 'export const = 1;\n');
  const said = await check('modules: [./rms.ts, ./bad.ts]');
  assert.match(said, /pitwall\.yaml:4:\d+: modules\[1\]: .*bad\.ts:1:/);
  assert.doesNotMatch(said, /rms/);
});
