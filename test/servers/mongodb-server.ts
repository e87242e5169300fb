import { mkdirSync } from 'node:fs';
import { pythonWithPip, run } from './install.js';
import { mongoCommand } from './mongo-command.js';
import { RealServers } from './real-servers.js';

const PACKAGE = 'secantusdb==0.7.0b3';

export interface MongoAddress {
  readonly url: string;
}

/**
 * SecantusDB, which speaks MongoDB's protocol; in Docker MongoDB itself. Both take `configureFailPoint`. What the first
 * does not hold to, such as time-series collections, is for the second to prove.
 */
export const mongodb = new RealServers<MongoAddress>({
  name: 'mongodb',
  variable: 'PITWALL_TEST_MONGODB',
  form: 'mongodb://HOST:PORT/',
  wants: 'Python 3.10 or newer with pip',
  cached: PACKAGE.replace('==', '-'),
  canInstall: () => pythonWithPip() !== null,
  install: async (dir) => {
    const options = ['--quiet', '--only-binary=:all:', '--disable-pip-version-check', '--target', dir];
    await run(pythonWithPip()!, ['-m', 'pip', 'install', ...options, PACKAGE]);
  },
  native: (installed, { dir, host, port }) => ({
    argv: [
      ...[pythonWithPip() ?? 'python3', '-m', 'secantus', '--host', host, '--port', String(port)],
      ...['--storage-path', `${dir}/data`, '--cache-size', '128M', '--log-level', 'WARNING', '--enable-test-commands'],
    ],
    env: { PYTHONPATH: installed, PYTHONDONTWRITEBYTECODE: '1' },
  }),
  docker: {
    image: 'mongo:8.0',
    entrypoint: 'mongod',
    command: ({ dir, port }) => ({
      argv: [
        ...['--bind_ip_all', '--port', String(port), '--dbpath', `${dir}/data`, '--wiredTigerCacheSizeGB', '0.25'],
        ...['--setParameter', 'enableTestCommands=1'],
      ],
    }),
  },
  given: (port) => `mongodb://127.0.0.1:${port}/?directConnection=true`,
  addressOf: (url) => ({ url }),
  prepare: ({ dir }) => mkdirSync(`${dir}/data`),
  data: 'data',
  answers: async ({ url }) => (await mongoCommand(url, 'admin', { ping: 1 })).ok === 1,
});
