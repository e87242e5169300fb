import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { StoreName } from './sink-variant.js';

export interface SinkServer {
  /** With credentials; of files none. */
  address: string;
  stop(): Promise<void>;
}

/** How a server is named by the environment, and which of the tests' servers stands in for it. */
interface Origin {
  variable: string;
  form: string;
  module: string;
  name: string;
  addressOf(started: Record<string, string>): string;
}

/** As the tests have them. */
interface Starter {
  readonly isInstalled: boolean;
  needsOwn(): Promise<{ skip: string | false }>;
  start(): Promise<Record<string, string> & { kill(): Promise<void> }>;
}

const ORIGINS: Record<Exclude<StoreName, 'file'>, Origin> = {
  influxdb: {
    variable: 'PITWALL_BENCH_INFLUXDB',
    form: 'http://HOST:PORT',
    module: 'influxdb1-server',
    name: 'influxdb1',
    addressOf: ({ url }) => url!,
  },
  influxdb2: {
    variable: 'PITWALL_BENCH_INFLUXDB2',
    form: 'http://ORG:TOKEN@HOST:PORT',
    module: 'influxdb2-server',
    name: 'influxdb2',
    addressOf: ({ url, org, token }) => withLogin(url!, org!, token!),
  },
  s3: {
    variable: 'PITWALL_BENCH_S3',
    form: 'http://KEY:SECRET@HOST:PORT',
    module: 's3-server',
    name: 's3',
    addressOf: ({ endpoint, accessKeyId, secretAccessKey }) => withLogin(endpoint!, accessKeyId!, secretAccessKey!),
  },
  mongodb: {
    variable: 'PITWALL_BENCH_MONGODB',
    form: 'mongodb://HOST:PORT/',
    module: 'mongodb-server',
    name: 'mongodb',
    addressOf: ({ url }) => url!,
  },
};

/**
 * A server for a run: that of the environment, or in a clone one that the tests start; in a quick run only if nothing has
 * to be installed. Or why there is none.
 */
export async function sinkServer(store: StoreName, isQuick: boolean): Promise<SinkServer | string> {
  if (store === 'file') return { address: '', stop: async () => {} };
  const { variable, form, module, name, addressOf } = ORIGINS[store];
  const given = process.env[variable];
  if (given) return { address: given, stop: async () => {} };
  const how = `set ${variable}=${form}`;
  const url = new URL(`../../test/servers/${module}.js`, import.meta.url);
  // An installed package does not hold the tests.
  if (!existsSync(fileURLToPath(url))) return how;
  const starter = ((await import(url.href)) as Record<string, Starter>)[name]!;
  if (isQuick && !starter.isInstalled) return `${how}, or run it without --quick, which installs one`;
  const { skip } = await starter.needsOwn();
  if (skip !== false) return `${how}. ${skip}`;
  const server = await starter.start();
  return { address: addressOf(server), stop: () => server.kill() };
}

function withLogin(url: string, user: string, secret: string): string {
  return url.replace('://', `://${encodeURIComponent(user)}:${encodeURIComponent(secret)}@`);
}
