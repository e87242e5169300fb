import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { tempDir } from '../support/temp-dir.js';

const FRAMES = 300;
const FILLING = 'y'.repeat(100_000);

test('a branch that cannot write holds the devices back when the log is full, and nothing is lost when it can again', async () => {
  const dir = tempDir('held');
  // A file stands where the branch wants a folder.
  writeFileSync(join(dir, 'out'), 'in the way');
  const gateway = await new GatewayProcess(
    dir,
    `
gateway: { mqtt: 127.0.0.1:${await freePort()}, http: 127.0.0.1:${await freePort()} }
bus: { log: { dir: ./bus, size: 16MiB, whenFull: hold } }
sinks:
  broken: { type: file, from: "#", path: ./out }
  healthy: { type: file, from: "#", path: ./other }
`,
  ).start();
  const client = await IngestClient.connect(gateway.http, '?client=held');
  let sent = 0;
  const sendSome = () => {
    while (sent < Math.min(FRAMES, client.acked + 20)) {
      const seq = ++sent;
      client.send({ stream: `held/${seq % 7}/a`, seq, t: 1711111111000 + seq, n: seq, FILLING });
    }
  };
  const health = async () => JSON.parse(await (await fetch(`http://${gateway.http}/health`)).text());
  await eventually('a full log', async () => {
    sendSome();
    return (await health()).bus.full === true;
  });
  const answer = await fetch(`http://${gateway.http}/health`);
  assert.equal(answer.status, 503);
  const { lanes } = await health();
  const broken = lanes.find((lane: { id: string }) => lane.id === 'branch broken');
  assert.ok(broken.state === 'stopped' || broken.state === 'retrying', broken.state);
  assert.ok(broken.error.length > 10, broken.error);
  assert.equal(lanes.find((lane: { id: string }) => lane.id === 'branch healthy').state, 'running');
  const { acked } = client;
  assert.ok(acked < FRAMES, 'all was acknowledged though the log was full');

  await gateway.kill();
  rmSync(join(dir, 'out'));
  await gateway.start();
  const again = await IngestClient.connect(gateway.http, '?client=held');
  const resume = again.hello.resume!;
  assert.ok(resume >= acked, `acknowledged ${acked}, durable ${resume}`);
  for (let seq = 1; seq <= FRAMES; seq++) {
    again.send({ stream: `held/${seq % 7}/a`, seq, t: 1711111111000 + seq, n: seq, FILLING });
    if (seq % 20 === 0) await again.until(`ack of ${seq}`, () => again.acked >= seq);
  }
  await again.close();
  assert.equal(await gateway.stop(), 0, gateway.stderr);
  for (const folder of ['out', 'other']) {
    const seen: number[] = [];
    for (let i = 0; i < 7; i++) {
      const file = join(dir, folder, `held/${i}/a.jsonl`);
      assert.ok(existsSync(file), file);
      for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) seen.push(JSON.parse(line).n);
    }
    assert.deepEqual(
      seen.sort((a, b) => a - b),
      Array.from({ length: FRAMES }, (_, i) => i + 1),
      folder,
    );
  }
});
