import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { tempDir } from '../support/temp-dir.js';

const LISTEN = 'gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }';
const T = 1711111111000;

function linesOf(file: string): string[] {
  return readFileSync(file, 'utf8').trimEnd().split('\n');
}

test('a gateway that gets SIGTERM in the middle of a stream has stored what it acknowledged', async () => {
  const dir = tempDir('term');
  const gateway = await new GatewayProcess(
    dir,
    `${LISTEN}\nbus: { log: { dir: ./bus } }\nsinks: { raw: { type: file, from: "#", path: ./out } }`,
  ).start();
  const client = await IngestClient.connect(gateway.http);
  const sending = setInterval(() => {
    for (let i = 0; i < 50; i++) client.send({ stream: 'term/a', t: T, v: 1 });
  }, 1);
  await client.until('an ack', () => client.acked > 500);
  const exit = gateway.stop();
  await client.until('the close', () => client.closed !== null);
  clearInterval(sending);
  assert.equal(await exit, 0, gateway.stderr);
  assert.equal(client.closed!.code, 1001);
  assert.equal(linesOf(join(dir, 'out/term/a.jsonl')).length, client.acked);
});

describe('A gateway', { concurrency: 2 }, () => {
  test('whose log is full and whose branches could not be opened ends with SIGTERM', async () => {
    const dir = tempDir('full');
    writeFileSync(join(dir, 'out'), 'in the way');
    const gateway = await new GatewayProcess(
      dir,
      `${LISTEN}\nbus: { log: { dir: ./bus, size: 16MiB, whenFull: hold } }\nsinks: { raw: { type: file, from: "#", path: ./out } }`,
    ).start();
    const client = await IngestClient.connect(gateway.http, '?client=full');
    const filling = 'y'.repeat(200_000);
    let sent = 0;
    await eventually('a full log', async () => {
      while (sent < client.acked + 10) client.send({ stream: 'full/a', seq: ++sent, t: T + sent, filling });
      const health = (await (await fetch(`http://${gateway.http}/health`)).json()) as { bus: { full: boolean } };
      return health.bus.full;
    });
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    assert.match(gateway.stderr, /the bus takes nothing/);
    assert.ok(client.acked < sent);
  });

  test('refuses a stream name of any length and keeps it as a dead letter, whose letters do not steer the terminal', async () => {
    const dir = tempDir('names');
    const yaml = `${LISTEN}\nbus: { log: { dir: ./bus } }\nsinks: { raw: { type: file, from: "#", path: ./out } }`;
    mkdirSync(join(dir, 'bus/ingest'), { recursive: true });
    writeFileSync(join(dir, 'pitwall.yaml'), yaml);
    const list = ['dead-letters', 'list', '-c', join(dir, 'pitwall.yaml')];
    const before = await pitwall(list);
    assert.equal(before.code, 0, before.stderr);

    const gateway = await new GatewayProcess(dir, yaml).start();
    const client = await IngestClient.connect(gateway.http);
    client.send({ stream: 'x'.repeat(100_000), t: T, v: 1 });
    client.send({ stream: `${'é'.repeat(50_000)}/a`, t: T, v: 1 });
    client.send({ stream: 'escape/\u001b[2J\u009b2J', t: T, v: 1 });
    client.send({ stream: 'names/a', t: T, v: 1 });
    await client.until('ack of 4', () => client.acked === 4);
    assert.deepEqual(
      client.rejects.map(({ code }) => code),
      Array(3).fill('bad-stream-name'),
    );
    await client.close();
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    const after = await pitwall(list);
    assert.equal(after.code, 0, after.stderr);
    assert.equal(after.stdout.trimEnd().split('\n').length, 3);
    assert.doesNotMatch(after.stdout.replaceAll('\n', ''), /\p{Cc}/u);
    const whole = await pitwall([...list, '--json']);
    const originals = whole.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).original as string);
    assert.ok(originals.some((text) => text.includes('x'.repeat(100_000))));
  });
});
