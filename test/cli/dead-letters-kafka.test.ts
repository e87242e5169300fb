import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type IHeaders, Kafka, logLevel, type Message } from 'kafkajs';
import { type DeadLetter, encodeDeadLetter } from '../../schemas/dead-letter.js';
import { needsSharedKafka, sharedKafka, uniqueName } from '../servers/kafka-server.js';
import { makeTopics } from '../support/kafka-admin.js';
import { tempDir } from '../support/temp-dir.js';
import { runPitwall } from './run-pitwall.js';

const T = 1711111111000;

function letter(change: Partial<DeadLetter>): Buffer {
  return encodeDeadLetter({
    stream: 'car/1/gps',
    code: 'bad-payload',
    reason: 'it was refused',
    stage: 'decode',
    column: null,
    cell: null,
    expected: null,
    client: 'a device',
    receivedUs: T * 1000,
    decoder: 'json',
    original: Buffer.from('{'),
    ...change,
  });
}

function headers(origin: string, more: IHeaders = {}): IHeaders {
  return { stream: 'car/1/gps', received: String(T * 1000), origin, ...more };
}

test(
  'A dead letter that stands in Kafka twice is listed once, and messages of others do not end the list.',
  needsSharedKafka(),
  async () => {
    const { brokers } = await sharedKafka();
    const base = uniqueName('letters');
    const topic = `${base}.dead-letters`;
    await makeTopics(brokers, [{ topic, numPartitions: 2 }]);
    const dir = tempDir('dead-letters-kafka');
    writeFileSync(
      join(dir, 'pitwall.yaml'),
      `bus: { kafka: { brokers: [${brokers.join(', ')}], topic: ${base}, partitions: 2 } }\n`,
    );
    const list = () => runPitwall(['dead-letters', 'list', '--json'], dir);

    assert.deepEqual(await list(), { code: 0, stdout: '', stderr: 'no dead letters\n' });

    const large = Array.from({ length: 5 }, (): Message => ({ value: randomBytes(500_000), partition: 0 }));
    const messages: Message[] = [
      { value: letter({ reason: 'first' }), headers: headers('7 gateway'), partition: 0 },
      { value: letter({ reason: 'first' }), headers: headers('7 gateway'), partition: 0 },
      // Letters of a writer come from several places: a lower number after a higher one is no repetition.
      { value: letter({ reason: 'second' }), headers: headers('5 gateway'), partition: 0 },
      { value: letter({ reason: 'another writer' }), headers: headers('7 processor'), partition: 0 },
      { value: letter({ reason: 'row 3' }), headers: headers('9 gateway', { parts: '9.3.1' }), partition: 0 },
      { value: letter({ reason: 'row 5' }), headers: headers('9 gateway', { parts: '9.5.1' }), partition: 0 },
      { value: randomBytes(100), headers: headers('10 gateway'), partition: 0 },
      ...large,
      { value: letter({ reason: 'second' }), headers: headers('5 gateway'), partition: 0 },
      { value: letter({ reason: 'row 3' }), headers: headers('9 gateway', { parts: '9.3.1' }), partition: 0 },
      { value: letter({ reason: 'behind others' }), headers: headers('11 gateway'), partition: 0 },
      // Numbers are those of a partition.
      { value: letter({ reason: 'in another partition' }), headers: headers('7 gateway'), partition: 1 },
    ];
    const producer = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
    for (const message of messages) await producer.send({ topic, messages: [message] });
    await producer.disconnect();

    const { code, stdout, stderr } = await list();
    assert.equal(code, 0, stderr);
    const reasons = stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as DeadLetter).reason);
    assert.deepEqual(reasons.sort(), [
      'another writer',
      'behind others',
      'first',
      'in another partition',
      'row 3',
      'row 5',
      'second',
    ]);
    assert.equal(stderr, 'records that cannot be read and are left out: 1\n');
  },
);
