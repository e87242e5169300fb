import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { needsSharedKafka, sharedKafka, uniqueName } from '../servers/kafka-server.js';
import { needsPythonKafka, type PythonMessage, readWithPython } from '../servers/python-kafka.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { rowCount, unionOf } from '../support/jsonl-files.js';
import { tempDir } from '../support/temp-dir.js';

const T = 1711111111000;

/** Without Kafka nothing is to be installed either. */
const options = needsSharedKafka().skip ? needsSharedKafka() : await needsPythonKafka();

/** The rows of the messages as the file sink writes them, each stream's sorted. */
function rowsOf(messages: readonly PythonMessage[]): Map<string, string[]> {
  const rows = new Map<string, string[]>();
  for (const { stream, times, columns } of messages) {
    if (!stream) continue;
    const lines = rows.get(stream) ?? [];
    rows.set(stream, lines);
    times!.forEach((timeUs, i) => {
      const cells = Object.entries(columns!).flatMap(([name, values]) =>
        values[i] === null ? [] : [[name, values[i]]],
      );
      lines.push(asLine({ timeUs, ...Object.fromEntries(cells) }));
    });
  }
  for (const lines of rows.values()) lines.sort();
  return rows;
}

/** A row of a file without stream and tags. The file has as many digits of an f32 as tell it from others: here it is exact. */
function plainRow(line: string, types: Record<string, string>): Record<string, unknown> {
  const { stream: _stream, car: _car, ...row } = JSON.parse(line) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(row).map(([name, cell]) => [name, types[name] === 'f32' ? Math.fround(cell as number) : cell]),
  );
}

function asLine(row: Record<string, unknown>): string {
  return JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
}

test(
  'a reader of another make finds every row in Kafka, with the key and headers that are documented',
  options,
  async (t) => {
    const { brokers } = await sharedKafka();
    const topic = uniqueName('readable');
    const dir = tempDir('foreign-reader');
    const gateway = new GatewayProcess(
      dir,
      `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus:
  kafka: { brokers: [${brokers.join(', ')}], topic: ${topic}, group: ${topic}, partitions: 3, spool: ./spool, state: ./state }
processors:
  fast: { from: car/{car}/gps, steps: [ { filter: speed > 30 }, { columns: { kmh: speed * 3.6 } } ] }
sinks:
  raw: { type: file, from: "#", path: ./raw }
  out: { type: file, from: fast, path: ./out }
`,
    );
    t.after(() => gateway.kill());
    await gateway.start();
    const args = ['--seconds', '20', '--start', '2024-05-01T12:00:00Z', '--speed', 'max', '--cars', '2'];
    const packed = await pitwall(['simulate', '--to', `ws://${gateway.http}/ingest`, ...args]);
    assert.equal(packed.code, 0, packed.stderr);
    const json = await pitwall([
      'simulate',
      '--to',
      `mqtt://${gateway.mqtt}`,
      '--prefix',
      'kart',
      '--qos',
      '2',
      ...args,
    ]);
    assert.equal(json.code, 0, json.stderr);
    const client = await IngestClient.connect(gateway.http);
    client.send({ stream: 'plant/1/state', t: T, running: true, note: 'märz', level: 1.5 });
    client.send({
      stream: 'plant/1/state',
      t: [T + 7, T + 19, T + 20],
      note: ['märz', null, ''],
      running: [null, false, true],
      level: [null, null, 2],
    });
    await client.until('the answers', () => client.acked === 2);
    await client.close();
    const sent = [packed, json].reduce((rows, { stdout }) => rows + (JSON.parse(stdout) as { rows: number }).rows, 4);
    await eventually('all rows', () => rowCount(join(dir, 'raw')) === sent);
    assert.equal(await gateway.stop(), 0, gateway.stderr);

    for (const [name, sink] of [
      [topic, 'raw'],
      [`${topic}.fast`, 'out'],
    ] as const) {
      const messages = await readWithPython(brokers, name, `${topic}.schemas`);
      const found = rowsOf(messages);
      const types = new Map(messages.map((each) => [each.stream, each.types]));
      const wanted = new Map<string, string[]>();
      for (const [stream, lines] of unionOf([join(dir, sink)])) {
        const rows = lines.map((line) => plainRow(line, types.get(stream) ?? {}));
        wanted.set(stream, rows.map(asLine).sort());
      }
      assert.deepEqual([...found.keys()].sort(), [...wanted.keys()].sort());
      for (const [stream, lines] of wanted) assert.deepEqual(found.get(stream), lines, stream);

      const partitions = new Map<string, number>();
      const numbers = new Map<string, number>();
      for (const { key, headers, partition, timestampMs, stream, schema } of messages) {
        const space = headers.origin!.indexOf(' ');
        const [number, writer] = [Number(headers.origin!.slice(0, space)), headers.origin!.slice(space + 1)];
        assert.ok(Number.isSafeInteger(number) && writer !== '', headers.origin);
        assert.equal(timestampMs, Math.floor(Number(headers.received) / 1000));
        if (headers.kind === 'tick') {
          assert.deepEqual([key, stream], [null, undefined]);
          continue;
        }
        assert.equal(headers.stream, stream);
        assert.equal(headers.schema, String(schema));
        // The entity: what a device's stream is called without its last level, and of a processor's without the first.
        const levels = stream!.split('/');
        assert.equal(key, (sink === 'raw' ? levels.slice(0, -1) : levels.slice(1)).join('/'));
        assert.equal(partitions.get(key!) ?? partition, partition, `${key} is in one partition`);
        partitions.set(key!, partition);
        if (sink === 'out') assert.deepEqual(JSON.parse(headers.tags!), { car: key!.split('/')[1] });
        else {
          const origin = `${writer} ${stream}`;
          assert.ok(number > (numbers.get(origin) ?? 0), `${origin} ascends`);
          numbers.set(origin, number);
        }
      }
    }
  },
);
