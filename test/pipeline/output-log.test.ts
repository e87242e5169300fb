import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { GatewayProcess } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { tempDir } from '../support/temp-dir.js';

const ROUNDS = 3;
const FRAMES = 150;
const FILLING = 'z'.repeat(200_000);

test('processors that fill their log go on when the branches have read it, over restarts, with every row once', async () => {
  const dir = tempDir('outputs');
  const gateway = new GatewayProcess(
    dir,
    `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
workers: 2
bus: { log: { dir: ./bus, partitions: 1, size: 16MiB, whenFull: hold } }
processors:
  odd: { from: "full/+/odd", steps: [ { filter: n > 0 } ] }
  even: { from: "full/+/even", steps: [ { filter: n > 0 } ] }
sinks:
  a_odd: { type: file, from: odd, path: ./odd }
  b_even: { type: file, from: even, path: ./even }
`,
  );
  let sent = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await gateway.start();
    const client = await IngestClient.connect(gateway.http, '?client=filler');
    assert.equal(client.hello.resume, sent);
    for (let i = 0; i < FRAMES; i++) {
      const n = ++sent;
      client.send({ stream: `full/1/${n % 2 ? 'odd' : 'even'}`, seq: n, t: 1711111111000 + n, n, FILLING });
      if (n % 20 === 0) await client.until(`ack of ${n}`, () => client.acked >= n);
    }
    await client.until('all acks', () => client.acked === sent);
    await client.close();
    assert.equal(await gateway.stop(), 0, gateway.stderr);
  }
  assert.doesNotMatch(gateway.stderr, /failed|do not answer|dropped/);
  for (const [name, first] of [
    ['odd', 1],
    ['even', 2],
  ] as const) {
    const rows = readFileSync(join(dir, name, name, 'full/1.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    assert.deepEqual(
      rows.map((line) => JSON.parse(line).n),
      Array.from({ length: sent / 2 }, (_, i) => first + 2 * i),
    );
  }
});
