import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { needsSharedKafka, sharedKafka, uniqueName } from '../servers/kafka-server.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { IngestClient } from '../support/ingest-client.js';
import { rowCount } from '../support/jsonl-files.js';
import { asAdmin } from '../support/kafka-admin.js';
import { tempDir } from '../support/temp-dir.js';

const T0 = 1_711_111_111_000;

function yaml(brokers: readonly string[], name: string): string {
  return `
gateway: { mqtt: off, http: 127.0.0.1:0 }
streams:
  "{class}/{car}/imu": {}
  "{class}/{car}/gps": {}
bus: { kafka: { brokers: [${brokers.join(', ')}], topic: "${name}.{class}", group: ${name}, partitions: 1, spool: ./spool, state: ./state } }
processors:
  joined:
    from: "{class}/{car}/imu"
    steps: [ { join: { with: "{class}/{car}/gps", wait: 1s, keep: left } } ]
sinks:
  raw: { type: file, from: "#", path: ./raw, format: jsonl }
  out: { type: file, from: joined, path: ./out, format: jsonl }
`;
}

describe('bus.kafka.topic as a template', needsSharedKafka(), () => {
  test('gives each value of the tag a topic, whose entities are joined, and time passes in all of them', async (t) => {
    const { brokers } = await sharedKafka();
    const name = uniqueName('spread');
    const dir = tempDir(name);
    let gateway = await new GatewayProcess(dir, yaml(brokers, name)).start();
    t.after(() => gateway.kill());
    const seqs = new Map<IngestClient, number>();
    const send = (client: IngestClient, stream: string, row: object) => {
      const seq = (seqs.get(client) ?? 0) + 1;
      seqs.set(client, seq);
      client.socket.send(JSON.stringify({ stream, seq, ...row }));
    };
    const first = await IngestClient.connect(gateway.http, '?client=a');
    for (const kind of ['gt3', 'lmp2']) {
      send(first, `${kind}/1/gps`, { t: T0, speed: 10 });
      send(first, `${kind}/1/gps`, { t: T0 + 10_000, speed: 20 });
      // Those beyond the last fix wait for time to pass.
      for (let i = 0; i < 20; i++) send(first, `${kind}/1/imu`, { t: T0 + i * 1000, n: i });
    }
    send(first, 'free/7/odd/x', { t: T0, n: 0 });
    await eventually('all is acknowledged', () => first.acked === seqs.get(first));
    // On the only partition only one of the classes goes on; the rows of the other one must be let go all the same.
    let beat = 0;
    const beating = setInterval(() => send(first, 'lmp2/2/beat', { t: T0 + ++beat, n: beat }), 200);
    t.after(() => clearInterval(beating));
    const joined = (kind: string) => rowCount(join(dir, `out/joined/${kind}`));
    await eventually('every imu row of both classes is joined', () => joined('gt3') === 20 && joined('lmp2') === 20);
    clearInterval(beating);
    await eventually('the devices rows are written', () => rowCount(join(dir, 'raw')) === 45 + beat);

    const all = await asAdmin(brokers, (admin) => admin.listTopics());
    const topics = all.filter((topic) => topic.startsWith(`${name}.`)).sort();
    const own = ['changelog', 'dead-letters', 'gt3', 'joined', 'lmp2', 'other', 'schemas'];
    assert.deepEqual(
      topics,
      own.map((each) => `${name}.${each}`),
    );

    // The commands read all of them, and a restart goes on in all of them.
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    const file = join(dir, 'pitwall.yaml');
    const tapped = await pitwall(['tap', '-c', file, '+/1/imu', '--from', 'start', '--rows', '40'], {
      timeoutMs: 30_000,
    });
    assert.equal(tapped.stdout.trimEnd().split('\n').length, 40, tapped.stderr);
    gateway = await new GatewayProcess(dir, yaml(brokers, name)).start();
    const again = await IngestClient.connect(gateway.http, '?client=b');
    send(again, 'gt3/1/gps', { t: T0 + 30_000, speed: 30 });
    send(again, 'gt3/1/imu', { t: T0 + 30_000, n: 30 });
    await eventually('what comes later is joined', () => joined('gt3') === 21);
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    assert.equal(joined('lmp2'), 20);
  });
});
