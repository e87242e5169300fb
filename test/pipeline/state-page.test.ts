import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { partitionOf } from '../../core/partitioner.js';
import { STATE_BYTES_MAX, type StateAnswer } from '../../pipeline/lanes/lane.js';
import { StatePage } from '../../pipeline/state-page.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { tempDir } from '../support/temp-dir.js';
import { configOf } from './cases/case-support.js';

const CONFIG = configOf('processors: { kmh: { from: "car/{car}/gps", steps: [filter: speed > 5] } }');
const NOTHING: StateAnswer = { json: null, bytes: 0, near: null };

function pageOf(answer: (partition: number) => StateAnswer | null, owned = [0, 1, 2, 3]): StatePage {
  const lanes = owned.map((partition) => ({ partition, plans: CONFIG.processors.map(({ plan }) => plan) }));
  return new StatePage(CONFIG, {
    owned,
    inspect: async (_query, isWanted) => {
      return lanes.filter((lane) => isWanted(lane as never)).map(({ partition }) => answer(partition));
    },
  });
}

const get = async (page: StatePage, rest: string) => {
  const { status, body } = await page.get(rest);
  return `${status} ${(JSON.parse(body) as { error?: string }).error ?? body}`;
};

test('The lane of the entity’s partition is asked, and its answer is handed on.', async () => {
  const partition = partitionOf('car/44', 4);
  const page = pageOf((asked) => (asked === partition ? { json: '{"a":1}', bytes: 7, near: null } : NOTHING));
  assert.equal(await get(page, 'kmh/car/44'), '200 {"a":1}\n');
  assert.equal(await get(page, 'kmh/car%2F44'), '200 {"a":1}\n');
});

test('What is not there is said with what may have been meant, wherever it is.', async () => {
  const wrong = partitionOf('car/4', 4);
  const page = pageOf((asked) => ({ ...NOTHING, near: asked === wrong ? null : 'car/44' }));
  assert.equal(await get(page, 'kmh/car/4'), '404 kmh holds nothing of "car/4"; did you mean "car/44"?');
  assert.equal(await get(page, 'khm/car/4'), '404 there is no processor "khm"; did you mean "kmh"?');
  assert.equal(await get(page, 'kmh'), '404 name an entity, as in /state/kmh/car/44');
  assert.equal(await get(page, 'kmh/%zz'), '400 the path is not percent-encoded UTF-8');
  const none = new StatePage(CONFIG, null);
  assert.match(await get(none, 'kmh/car/4'), /^404 this process runs no processors/);
});

test('A partition of another process is named.', async () => {
  const partition = partitionOf('car/44', 4);
  const owned = [0, 1, 2, 3].filter((each) => each !== partition);
  const message = `404 "car/44" is in partition ${partition}, which another process owns; this one owns ${owned.join(', ')}`;
  assert.equal(
    await get(
      pageOf(() => NOTHING, owned),
      'kmh/car/44',
    ),
    message,
  );
});

test('Too long an answer, a lane that is not open, and too many questions are refused.', async () => {
  const large = pageOf(() => ({ json: null, bytes: STATE_BYTES_MAX + 1, near: null }));
  assert.equal(
    await get(large, 'kmh/car/4'),
    '413 what kmh holds of "car/4" is 1048577 bytes long, where 1048576 are shown',
  );
  const closed = pageOf(() => null);
  assert.match(await get(closed, 'kmh/car/4'), /^503 the processors of partition \d are not open/);
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => closed.get('kmh/car/4')));
  assert.match(answers[4]!.body, /4 questions are open/);
  assert.equal((await closed.get('kmh/car/4')).body, answers[0]!.body);
});

async function running(t: TestContext, processors: string): Promise<GatewayProcess> {
  const listen = 'gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }';
  const gateway = new GatewayProcess(tempDir('state'), `${listen}\nbus: { log: { dir: ./bus } }\n${processors}`);
  t.after(() => gateway.kill());
  return gateway.start();
}

test('A running gateway shows what waits in a join, as of its checkpoint.', async (t) => {
  const gateway = await running(
    t,
    `
processors:
  place:
    from: car/{car}/imu
    steps: [ { filter: ax >= 0 }, { join: { with: "car/{car}/gps", how: linear, wait: 600s } } ]
`,
  );
  const client = await IngestClient.connect(gateway.http);
  const startMs = 1711111111000;
  client.send({ stream: 'car/44/gps', t: startMs, speed: 1 });
  client.send({ stream: 'car/44/gps', t: startMs + 50, speed: 2 });
  for (let i = 0; i < 10; i++) client.send({ stream: 'car/44/imu', t: startMs + i * 10, ax: i - 1 });
  await client.until('the answers', () => client.acked === 12);
  const state = async (path: string) => (await fetch(`http://${gateway.http}/state/${path}`)).json();
  const wanted = {
    processor: 'place',
    key: 'car/44',
    partition: partitionOf('car/44', 4),
    latestUs: (startMs + 90) * 1000,
    lanes: [
      {
        stream: 'car/44/imu',
        through: [],
        // From 10 to 40 ms; what is at the last fix or after it waits.
        rows: 4,
        steps: [
          {
            step: 1,
            verb: 'join',
            lateRows: 0,
            waiting: { rows: 5, fromUs: (startMs + 50) * 1000, toUs: (startMs + 90) * 1000 },
            releasedUs: (startMs + 40) * 1000,
            right: {
              rows: 2,
              fromUs: startMs * 1000,
              toUs: (startMs + 50) * 1000,
              latestUs: (startMs + 50) * 1000,
              columns: ['speed'],
            },
          },
        ],
      },
    ],
  };
  await eventually('the checkpoint has all rows', async () => {
    const { lanes } = (await state('place/car/44')) as { lanes?: { rows: number }[] };
    return lanes?.[0]?.rows === 4;
  });
  const { checkpoint, clockUs, ...shown } = (await state('place/car/44')) as Record<string, unknown>;
  assert.deepEqual(shown, wanted);
  assert.ok((clockUs as number) >= wanted.latestUs);
  assert.ok((checkpoint as { offset: number }).offset >= 1);
  assert.deepEqual(await state('place/car/4'), { error: 'place holds nothing of "car/4"; did you mean "car/44"?' });
  assert.equal((await fetch(`http://${gateway.http}/health`)).status, 200);

  // Two columns of one name stop the lane, and what it holds at its checkpoint can still be seen.
  client.send({ stream: 'car/44/gps', t: startMs + 100, speed: 2, ax: 1 });
  await eventually('the lane has stopped', async () => (await fetch(`http://${gateway.http}/health`)).status === 503);
  const { checkpoint: last, clockUs: _, ...kept } = (await state('place/car/44')) as Record<string, unknown>;
  assert.deepEqual(kept, wanted);
  assert.ok((last as { offset: number }).offset >= (checkpoint as { offset: number }).offset);
  await client.close();
  assert.equal(await gateway.stop(), 0, gateway.stderr);
});

test('Of a processor with a group step both sides are shown, each under its key.', async (t) => {
  const gateway = await running(
    t,
    `
processors:
  gears:
    from: car/{car}/imu
    steps:
      - join: { with: "car/{car}/gps", wait: 600s }
      - group: { by: [gear] }
      - filter: speed > 0
      - window: { rows: 100, aggregate: { n: count() } }
`,
  );
  const client = await IngestClient.connect(gateway.http);
  const startMs = 1711111111000;
  client.send({ stream: 'car/44/gps', t: startMs, speed: 1 });
  for (let i = 0; i < 10; i++) client.send({ stream: 'car/44/imu', t: startMs + i * 10, gear: i % 2 });
  client.send({ stream: 'car/44/gps', t: startMs + 65, speed: 2 });
  await client.until('the answers', () => client.acked === 12);
  interface Shown {
    lanes?: { stream: string; rows: number; steps: { step: number; verb: string; waiting?: { rows: number } }[] }[];
  }
  const state = async (key: string) =>
    (await (await fetch(`http://${gateway.http}/state/gears/${key}`)).json()) as Shown;
  await eventually('the rows are on their way', async () => (await state('car/44')).lanes?.[0]?.rows === 7);
  const before = (await state('car/44')).lanes!;
  assert.deepEqual(
    before.map(({ stream, steps }) => [stream, steps.map(({ step, verb, waiting }) => [step, verb, waiting!.rows])]),
    [['car/44/imu', [[0, 'join', 3]]]],
  );
  await eventually('the rows are behind the group step', async () => {
    const { lanes } = await state('1');
    return JSON.stringify(lanes?.map(({ steps }) => steps)).includes('"n":3');
  });
  const behind = (await state('1')).lanes!;
  assert.deepEqual(
    behind.flatMap(({ steps }) => steps.map(({ step, verb }) => [step, verb])),
    [[3, 'window']],
  );
  await client.close();
  assert.equal(await gateway.stop(), 0, gateway.stderr);
});
