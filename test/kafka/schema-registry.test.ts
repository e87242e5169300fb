import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { registryPrefixBytes, SchemaRegistryClient, valueSubject } from '../../kafka/schema-registry.js';
import { avroSchemaText } from '../../schemas/avro-views.js';
import { uniqueName } from '../servers/kafka-server.js';
import { needsSharedSchemaRegistry, sharedSchemaRegistry } from '../servers/schema-registry.js';
import { freePort } from '../support/free-port.js';

const SECRET = 'pass:word ü';
const record = (...fields: object[]) => JSON.stringify({ type: 'record', name: 'Lap', fields });
const speed = { name: 'speed', type: 'double' };

/** In front of the registry, or of nothing: what it answers is written down. */
async function server(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const http = createServer(answer);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  t.after(() => http.close());
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

/** Lets through who knows the password, as a registry with HTTP Basic does. */
function guarded(t: TestContext, url: string, seen: string[]): Promise<string> {
  const wanted = `Basic ${Buffer.from(`pitwall:${SECRET}`).toString('base64')}`;
  return server(t, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      seen.push(`${request.method} ${request.url}`);
      if (request.headers.authorization !== wanted) return response.writeHead(401).end();
      const { method, url: path } = request;
      const headers = { 'content-type': request.headers['content-type']! };
      const answer = await fetch(`${url}${path}`, { method: method!, headers, body: Buffer.concat(chunks) });
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
    });
  });
}

function open(url: string): SchemaRegistryClient {
  return new SchemaRegistryClient({ url, username: null, password: null });
}

describe('The client of a schema registry', needsSharedSchemaRegistry(), () => {
  test('gets an id by which anybody finds the schema, the same for each subject.', async () => {
    const { url } = await sharedSchemaRegistry();
    const registry = open(`${url}/`);
    const text = avroSchemaText('telemetry-batch');
    const [first, second] = [uniqueName('telemetry'), uniqueName('telemetry/odd name')];
    const id = await registry.id(valueSubject(first), text);
    assert.equal(await registry.id(valueSubject(second), text), id);
    assert.equal(await open(url).id(valueSubject(first), text), id);
    const { schema } = (await (await fetch(`${url}/schemas/ids/${id}`)).json()) as { schema: string };
    assert.deepEqual(JSON.parse(schema), JSON.parse(text));
    const prefix = registryPrefixBytes(id);
    assert.deepEqual([prefix.length, prefix[0], prefix.readInt32BE(1)], [5, 0, id]);
  });

  test('proves who it is, and asks once for what it knows.', async (t) => {
    const { url } = await sharedSchemaRegistry();
    const seen: string[] = [];
    const guard = await guarded(t, url, seen);
    const registry = new SchemaRegistryClient({ url: guard, username: 'pitwall', password: SECRET });
    const subject = valueSubject(uniqueName('guarded'));
    const ids = await Promise.all([1, 2, 3].map(() => registry.id(subject, record(speed))));
    assert.equal(await registry.id(subject, record(speed)), ids[0]);
    assert.deepEqual(seen, [`POST /subjects/${subject}/versions`]);
  });

  test('takes a wrong password for good, and never shows it.', async (t) => {
    const guard = await guarded(t, 'http://127.0.0.1:1', []);
    const registry = new SchemaRegistryClient({ url: guard, username: 'pitwall', password: 'wrong-one' });
    await assert.rejects(
      registry.id('a-value', record(speed)),
      (error: Error & { code?: string; retryable?: boolean }) => {
        assert.deepEqual([error.code, error.retryable], ['bus-failed', false]);
        assert.match(error.message, /refused the user name or the password/);
        const shown = [error.message, error.stack, JSON.stringify(error), String(error.cause)].join();
        for (const secret of ['wrong-one', Buffer.from('pitwall:wrong-one').toString('base64')]) {
          assert.ok(!shown.includes(secret));
        }
        return true;
      },
    );
  });

  test('says what to do when the schema is not compatible, and goes on when that is done.', async () => {
    const { url } = await sharedSchemaRegistry();
    const subject = valueSubject(uniqueName('laps'));
    const set = async (compatibility: string) => {
      const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' };
      const body = JSON.stringify({ compatibility });
      assert.ok((await fetch(`${url}/config/${subject}`, { method: 'PUT', headers, body })).ok);
    };
    const registry = open(url);
    await registry.id(subject, record(speed));
    await set('BACKWARD');
    const other = record({ name: 'speed', type: 'string' });
    await assert.rejects(registry.id(subject, other), {
      code: 'bus-failed',
      retryable: true,
      message: new RegExp(`under ${subject} is not compatible .* compatibility of that subject to NONE`),
    });
    await set('NONE');
    assert.ok((await registry.id(subject, other)) > 0);
  });

  test('takes a schema that is none for a fault of the writer.', async () => {
    const { url } = await sharedSchemaRegistry();
    await assert.rejects(open(url).id(valueSubject(uniqueName('bad')), '{"type":"nonsense"}'), {
      retryable: false,
      message: /does not accept the schema/,
    });
  });
});

test('A registry that is away may come, and what failed is asked again.', async (t) => {
  const port = await freePort();
  await assert.rejects(open(`http://127.0.0.1:${port}`).id('a-value', record(speed)), {
    code: 'bus-failed',
    retryable: true,
    message: new RegExp(`registry at http://127.0.0.1:${port}, .* under a-value: nothing answers \\(ECONNREFUSED\\)`),
  });
  const answers = [503, 200];
  const url = await server(t, (_, response) => response.writeHead(answers.shift()!).end('{"id":7}'));
  const registry = open(url);
  await assert.rejects(registry.id('a-value', record(speed)), { retryable: true, message: /it answered 503/ });
  assert.equal(await registry.id('a-value', record(speed)), 7);
});

test('An address that is no registry is a fault of the configuration.', async (t) => {
  const statuses = [404, 200, 302, 403];
  const url = await server(t, (_, response) => response.writeHead(statuses.shift()!, { location: '/x' }).end('hello'));
  const registry = open(url);
  for (const message of [/registry\.url the root/, /no id/, /another address \(302\)/, /no right/]) {
    await assert.rejects(registry.id('a-value', record(speed)), { code: 'bus-failed', retryable: false, message });
  }
});
