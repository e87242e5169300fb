import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field } from '../../../columnar/schema.js';
import { influxdb2, influxdb2Request } from '../../servers/influxdb2-server.js';
import { recordOf } from '../record-of.js';
import { databases2 } from './databases.js';
import { deliver, sinkFor } from './deliver.js';
import { readPoints } from './read-points.js';
import { setup } from './setup-fault.js';
import { sinkCases } from './sink-cases.js';
import { INFLUXDB_2, madeIn } from './tested-server.js';

const needs = await INFLUXDB_2.needs();
await sinkCases(INFLUXDB_2);

test('InfluxDB 2: a bucket, an organization or a token that is not there is named.', needs, async (t) => {
  const server = await influxdb2.shared();
  const databases = databases2(server);
  const { name, target } = await madeIn(databases);
  const open = (more: object) => sinkFor(t, { target: { ...target, ...more } as typeof target }).sink.open();
  await assert.rejects(
    open({ bucket: 'nowhere' }),
    setup(/there is no bucket "nowhere"; create it: influx bucket create --org "pitwall" --name "nowhere" \(404: /),
  );
  await assert.rejects(open({ org: 'nobody' }), setup(/there is no organization "nobody" \(404: /));
  await assert.rejects(open({ token: 'guessed-token' }), (error: Error) => {
    assert.ok(!error.message.includes('guessed'));
    return setup(/the credentials are refused \(401: unauthorized access\)/)(error);
  });
  assert.deepEqual(await open({ bucket: name }), []);
});

test(
  'InfluxDB 2: a token that may only read is refused at the start, and one that may only write is enough.',
  needs,
  async (t) => {
    const server = await influxdb2.shared();
    const { name, target, place } = await madeIn(databases2(server));
    const found = (await (await influxdb2Request(server, `/api/v2/buckets?name=${name}`)).json()) as {
      buckets: { id: string; orgID: string }[];
    };
    const { id, orgID } = found.buckets[0]!;
    const tokenTo = async (action: string): Promise<string> => {
      const permissions = [{ action, resource: { type: 'buckets', id, orgID } }];
      const made = await influxdb2Request(server, '/api/v2/authorizations', JSON.stringify({ orgID, permissions }));
      return ((await made.json()) as { token: string }).token;
    };
    const as = async (action: string) => ({ ...target, token: await tokenTo(action) }) as typeof target;
    await assert.rejects(sinkFor(t, { target: await as('read') }).sink.open(), setup(/may not write here \(403: /));
    const row = recordOf({ tags: { car: '44' }, times: [1], columns: [[field('v', 'i32'), [5]]] });
    await deliver(t, { target: await as('write') }, [row]);
    assert.deepEqual(
      (await readPoints(place)).get('imu')!.map(({ v }) => v),
      [5],
    );
  },
);
