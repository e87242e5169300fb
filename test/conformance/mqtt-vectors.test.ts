import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RawClient } from '../gateway/mqtt/raw-client.js';
import { connectPacket, publishPacket, TestServer } from '../gateway/mqtt/test-server.js';
import { JUSTIFIED_MISSES } from './mqtt-justified-misses.js';

/**
 * Mosquitto's packet vectors (see conformance/README.md of the shared material): 3.1 and 3.1.1 byte for byte, MQTT 5 by
 * whether the connection ends, and by a fresh CONNECT being answered. What the standard leaves open or decides
 * otherwise is listed with its clause; a case outside that list that misses fails, and so does a listed one that passes.
 */
interface Message {
  type: 'send' | 'recv' | 'external_publish';
  hex?: string;
  topic?: string;
  payload?: string;
}
interface Case {
  group: string;
  name: string;
  ver: 3 | 4 | 5;
  connect: boolean;
  expect_disconnect: boolean;
  msgs: Message[];
}

const shared = process.env.PITWALL_SHARED ?? fileURLToPath(new URL('../../../../shared', import.meta.url));
const folder = join(shared, 'conformance', 'mqtt-vectors');
const absent = existsSync(folder) ? false : `THE MQTT VECTORS ARE NOT THERE: ${folder}`;

/** How long a connection that is to stay open may show that it is not ended. */
const QUIET_MS = 30;

let server: TestServer;
before(async () => {
  // The vectors were written for a server with ten topic aliases.
  server = await TestServer.start({ limits: { topicAliasMaximum: 10 } });
});
after(() => server.stop());

function cases(versions: (version: number) => boolean): { key: string; vector: Case }[] {
  const seen = new Map<string, number>();
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .flatMap((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Case[])
    .filter(({ ver }) => versions(ver))
    .map((vector) => {
      const name = `${vector.group} | ${vector.name}`.replace(/\s+/g, ' ').trim();
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      return { key: count === 1 ? name : `${name} #${count}`, vector };
    });
}

async function play(
  { ver, connect, msgs, expect_disconnect }: Case,
  bytesCount: boolean,
  id: string,
  patienceMs: number,
): Promise<string | null> {
  const client = await RawClient.open(server.address);
  try {
    if (connect) {
      client.send(connectPacket(ver === 5 ? 5 : 4, id));
      if (ver === 5) await client.take(Number.parseInt((await client.take(2)).slice(2), 16));
      else if ((await client.take(4)) !== '20020000') return 'CONNECT was not accepted';
    }
    for (const message of msgs) {
      if (message.type === 'send') client.send(message.hex!);
      else if (message.type === 'recv') {
        const got = await client.take(message.hex!.length / 2, bytesCount ? 300 : QUIET_MS);
        if (bytesCount && got !== message.hex) return `expected ${message.hex}, got ${got}`;
      } else {
        const helper = await server.connected(4, `${id}-helper`);
        helper.send(publishPacket(4, 1, 1, message.topic!, message.payload!));
        await helper.take(4);
        helper.close();
      }
    }
    if (expect_disconnect) return (await client.isEnded(patienceMs)) ? null : 'the connection was not ended';
    client.send('c000');
    let answer = '';
    // A loaded machine may take longer than the others need to be told silent.
    for (let i = 0; i < 20 && !answer.endsWith('d000') && !client.ended; i++) {
      answer += await client.take(65_536, QUIET_MS);
    }
    if (client.ended) return 'the connection was ended';
    if (!answer.endsWith('d000')) return 'the connection does not answer a PINGREQ';
    return bytesCount && answer !== 'd000' && !connect ? `unexpected ${answer}` : null;
  } finally {
    client.close();
  }
}

async function run(
  versions: (version: number) => boolean,
  bytesCount: boolean,
): Promise<{ passed: number; all: number }> {
  const wrong: string[] = [];
  const all = cases(versions);
  let passed = 0;
  const one = async ({ key, vector }: { key: string; vector: Case }, id: string) => {
    const justified = JUSTIFIED_MISSES.has(key);
    const miss = await play(vector, bytesCount, id, justified ? 200 : 2000);
    if (miss === null) passed++;
    if (miss !== null && !justified) wrong.push(`${key}: ${miss}`);
    if (miss === null && justified) wrong.push(`${key}: is listed as missed, but passes`);
  };
  // Cases without a CONNECT of ours share one client identifier, so they run one after another.
  for (const entry of all.filter(({ vector }) => !vector.connect)) await one(entry, 'vector');
  const rest = all.filter(({ vector }) => vector.connect);
  // Cases that publish or subscribe see each other's messages.
  const alone = rest.filter(({ vector }) => /FLOW|OTHER|REGRESSION/.test(vector.group));
  for (const entry of alone) await one(entry, 'vector-alone');
  const others = rest.filter((entry) => !alone.includes(entry));
  let next = 0;
  const lane = async (lane: number) => {
    while (next < others.length) await one(others[next++], `vector-${lane}`);
  };
  await Promise.all(Array.from({ length: 8 }, (_, number) => lane(number)));
  assert.deepEqual(wrong, []);
  assert.deepEqual(server.errors, []);
  assert.equal(await server.isAlive(), true);
  return { passed, all: all.length };
}

test('the vectors of MQTT 3.1 and 3.1.1 pass byte for byte, but for the justified misses', {
  skip: absent,
}, async (t) => {
  const { passed, all } = await run((version) => version < 5, true);
  t.diagnostic(`${passed} of ${all}`);
  assert.ok(passed >= 266, `${passed} of ${all}`);
});

test('the vectors of MQTT 5 end or keep the connection as expected, but for the justified misses', {
  skip: absent,
}, async (t) => {
  const { passed, all } = await run((version) => version === 5, false);
  t.diagnostic(`${passed} of ${all}`);
  assert.ok(passed >= 1424, `${passed} of ${all}`);
});
