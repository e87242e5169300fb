import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { tempDir } from '../support/temp-dir.js';

const T = 1711111111000;
const MODULE = (by: string) => `export default (row) => ({ by: '${by}' });\n`;

function yaml(module: string, onError: string): string {
  return `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus, partitions: 1 } }
processors:
  mapped:
    from: car/{car}/a
    steps:
      - join: { with: "car/{car}/b", wait: 60s, keep: left }
      - map: ./${module}
    onError: ${onError}
sinks: { out: { type: file, from: mapped, path: ./out } }
`;
}

test('a module that is gone when the steps change costs the rows that waited for it, which is said, and nothing else', async () => {
  const dir = tempDir('replaced');
  const file = join(dir, 'out/mapped/car/1.jsonl');
  const written = () =>
    (existsSync(file) ? readFileSync(file, 'utf8') : '')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { n: number; by: string })
      .map(({ n, by }) => `${n} ${by}`);
  const run = async (module: string, onError: string, from: number, joined: boolean, rows: number) => {
    const gateway = await new GatewayProcess(dir, yaml(module, onError)).start();
    const client = await IngestClient.connect(gateway.http);
    for (let n = from; n < from + 10; n++) client.send({ stream: 'car/1/a', t: T + n * 10, n });
    // A right row behind them lets the left rows go.
    if (joined) client.send({ stream: 'car/1/b', t: T + 1000 + from * 10, at: from });
    await client.until('all acks', () => client.acked === 10 + Number(joined));
    await client.close();
    await eventually(`${rows} rows`, () => written().length === rows);
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    return gateway.stderr;
  };
  const rows = (from: number, by: string) => Array.from({ length: 10 }, (_, i) => `${from + i} ${by}`);

  writeFileSync(join(dir, 'old.mjs'), MODULE('old'));
  writeFileSync(join(dir, 'new.mjs'), MODULE('new'));
  await run('old.mjs', 'stop', 0, true, 10);
  // Wait in the join; another policy alone lets go of nothing.
  await run('old.mjs', 'stop', 300, false, 10);
  assert.doesNotMatch(await run('old.mjs', 'skip', 310, false, 10), /let go|lost|dropped/);
  rmSync(join(dir, 'old.mjs'));
  const stderr = await run('new.mjs', 'stop', 600, true, 20);
  assert.match(
    stderr,
    /rows that processor mapped had yet to give by its old plan are lost at its map: .*old\.mjs is not there/,
  );
  assert.deepEqual(written(), [...rows(0, 'old'), ...rows(600, 'new')]);
});
