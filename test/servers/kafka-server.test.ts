import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeTopics } from '../support/kafka-admin.js';
import { ask, client, consume, numbers, produce, record, speed } from './clients.js';
import { needsSharedKafka, sharedKafka, uniqueName } from './kafka-server.js';
import { needsSharedSchemaRegistry, sharedSchemaRegistry } from './schema-registry.js';

test('What is produced to the shared server is consumed from it.', needsSharedKafka(), async () => {
  const { brokers } = await sharedKafka();
  const kafka = client({ brokers });
  const topic = uniqueName('trial');
  await makeTopics(brokers, [{ topic, numPartitions: 1 }]);
  await produce(kafka, topic, numbers(0, 1000));
  assert.deepEqual(await consume(kafka, topic, 1000), numbers(0, 1000));
});

test('The schema registry takes compatible schemas and refuses others.', needsSharedSchemaRegistry(), async () => {
  const { url } = await sharedSchemaRegistry();
  const subject = uniqueName('laps');
  const versions = `${url}/subjects/${subject}/versions`;
  const set = await fetch(`${url}/config/${subject}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ compatibility: 'BACKWARD' }),
  });
  assert.equal(set.status, 200);

  const first = await ask(versions, record(speed));
  assert.equal(first.status, 200);
  const read = await ask(`${url}/schemas/ids/${first.body.id}`);
  assert.deepEqual(JSON.parse(read.body.schema!), record(speed));

  const wider = await ask(versions, record(speed, { name: 'gear', type: 'int', default: 0 }));
  assert.equal(wider.status, 200);
  assert.notEqual(wider.body.id, first.body.id);
  assert.equal((await ask(versions, record({ name: 'speed', type: 'string' }))).status, 409, 'incompatible');
  assert.equal((await ask(versions, { type: 'nothing' })).status, 422, 'not a schema');
});
