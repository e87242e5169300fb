import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { hasCommand, run } from './install.js';
import { type Place, RealServers } from './real-servers.js';

const VERSION = '1.7.0';
const MODULE = `github.com/versity/versitygw/cmd/versitygw@v${VERSION}`;
const LOGIN = { accessKeyId: 'pitwall', secretAccessKey: 'pitwall-secret' };
const REGION = 'us-east-1';

export interface S3Address {
  /** Buckets are folders of it (`forcePathStyle`), not names in front of it. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Versity's S3 gateway over a folder; the folder's file system must have extended attributes. */
export const s3 = new RealServers<S3Address>({
  name: 's3',
  variable: 'PITWALL_TEST_S3',
  form: 'http://KEY:SECRET@HOST:PORT[?region=NAME]',
  wants: 'Go',
  cached: `versitygw-${VERSION}`,
  slowToInstall: true,
  canInstall: () => hasCommand('go', 'version'),
  // Code of a module has no state of a repository to be marked with, and Go fails where it looks for it in vain.
  install: async (dir) => {
    await run('env', [`GOBIN=${dir}`, 'go', 'install', '-buildvcs=false', MODULE], dir);
  },
  native: (installed, place) => ({ argv: [join(installed, 'versitygw'), ...args(place)], env: ENV }),
  docker: { image: `versity/versitygw:v${VERSION}`, command: (place) => ({ argv: args(place), env: ENV }) },
  given: (port) => `http://${LOGIN.accessKeyId}:${LOGIN.secretAccessKey}@127.0.0.1:${port}`,
  addressOf: (given) => {
    const { origin, username, password, searchParams } = new URL(given);
    return {
      endpoint: origin,
      region: searchParams.get('region') ?? REGION,
      accessKeyId: decodeURIComponent(username),
      secretAccessKey: decodeURIComponent(password),
    };
  },
  data: 'data',
  prepare: ({ dir }) => {
    for (const folder of ['users', 'data']) mkdirSync(join(dir, folder));
  },
  // It refuses who does not sign.
  answers: async ({ endpoint }) => (await fetch(endpoint, { signal: AbortSignal.timeout(2000) })).status === 403,
});

const ENV = { ROOT_ACCESS_KEY_ID: LOGIN.accessKeyId, ROOT_SECRET_ACCESS_KEY: LOGIN.secretAccessKey };

function args({ dir, host, port }: Place): string[] {
  const options = ['--port', `${host}:${port}`, '--region', REGION, '--iam-dir', join(dir, 'users'), '--quiet'];
  return [...options, 'posix', join(dir, 'data')];
}
