import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasCommand, run } from './install.js';
import { type Place, RealServers } from './real-servers.js';

const VERSION = '2.7.12';
const BUILD = fileURLToPath(new URL('../../../test/servers/influxdb2/build.sh', import.meta.url));
const ORG = 'pitwall';
/** SIGTERM just ends it. */
const END_SIGNAL = 'SIGINT';
const TOKEN = 'pitwall-token';

export interface Influxdb2Address {
  readonly url: string;
  /** The name of the organization, and what has all rights in it. */
  readonly org: string;
  readonly token: string;
}

/** InfluxDB of the second line, with organizations, buckets and tokens. */
export const influxdb2 = new RealServers<Influxdb2Address>({
  name: 'influxdb2',
  variable: 'PITWALL_TEST_INFLUXDB2',
  form: 'http://ORG:TOKEN@HOST:PORT',
  wants: 'Go, Rust and a C compiler, which then build it once for some minutes',
  cached: `influxdb-${VERSION}`,
  slowToInstall: true,
  canInstall: () => hasCommand('go', 'version') && hasCommand('cargo', '--version') && hasCommand('cc', '--version'),
  install: async (dir) => {
    await run('bash', [BUILD, dir]);
  },
  native: (installed, place) => ({ argv: [join(installed, 'influxd'), ...args(place)], endSignal: END_SIGNAL }),
  docker: {
    image: `influxdb:${VERSION}`,
    entrypoint: 'influxd',
    command: (place) => ({ argv: args(place), endSignal: END_SIGNAL }),
  },
  given: (port) => `http://${ORG}:${TOKEN}@127.0.0.1:${port}`,
  addressOf: (given) => {
    const { origin, username, password } = new URL(given);
    return { url: origin, org: decodeURIComponent(username), token: decodeURIComponent(password) };
  },
  data: 'engine',
  answers: async ({ url }) => (await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) })).ok,
  setUp,
});

/** A request to its API, with the token. */
export function influxdb2Request(server: Influxdb2Address, path: string, body?: string): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    ...(body !== undefined && { method: 'POST', body }),
    headers: { authorization: `Token ${server.token}` },
  });
}

/** Makes a bucket that keeps its points. */
export async function makeBucket(server: Influxdb2Address, name: string): Promise<void> {
  const found = await influxdb2Request(server, `/api/v2/orgs?org=${encodeURIComponent(server.org)}`);
  const { orgs } = (await found.json()) as { orgs: { id: string }[] };
  const body = JSON.stringify({ orgID: orgs[0]!.id, name, retentionRules: [] });
  const made = await influxdb2Request(server, '/api/v2/buckets', body);
  if (made.status !== 201) throw new Error(`no bucket ${name}: ${made.status} ${await made.text()}`);
}

function args({ dir, host, port }: Place): string[] {
  return [
    ...['--bolt-path', join(dir, 'meta'), '--sqlite-path', join(dir, 'notes'), '--engine-path', join(dir, 'engine')],
    ...['--http-bind-address', `${host}:${port}`, '--reporting-disabled', '--log-level', 'warn'],
  ];
}

/** A new server has no users, and takes its first one, with a token, from who asks first. */
async function setUp({ url, org, token }: Influxdb2Address): Promise<void> {
  const response = await fetch(`${url}/api/v2/setup`, {
    method: 'POST',
    body: JSON.stringify({ username: 'pitwall', password: 'pitwall-secret', org, bucket: 'first', token }),
  });
  if (response.status !== 201) throw new Error(`InfluxDB is not set up: ${response.status} ${await response.text()}`);
}
