import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCommand, run } from './install.js';
import { RealServers } from './real-servers.js';

/** That of Debian 12. */
const VERSION = '1.6.7';
const CONFIG = 'influxdb.conf';

export interface Influxdb1Address {
  /** Without login. */
  readonly url: string;
}

/** InfluxDB of the first line, with databases and InfluxQL. */
export const influxdb1 = new RealServers<Influxdb1Address>({
  name: 'influxdb1',
  variable: 'PITWALL_TEST_INFLUXDB1',
  form: 'http://HOST:PORT',
  wants: `Debian's apt, whose package influxdb is ${VERSION}`,
  cached: `influxdb-${VERSION}`,
  canInstall: () => hasCommand('apt-get', '--version') && hasCommand('dpkg', '--version'),
  install,
  native: (installed, { dir }) => ({ argv: [join(installed, PROGRAM), '-config', join(dir, CONFIG)] }),
  docker: {
    image: 'influxdb:1.8.10',
    entrypoint: 'influxd',
    command: ({ dir }) => ({ argv: ['-config', join(dir, CONFIG)] }),
  },
  given: (port) => `http://127.0.0.1:${port}`,
  addressOf: (given) => ({ url: new URL(given).origin }),
  data: 'store',
  prepare: ({ dir, host, port }) => writeFileSync(join(dir, CONFIG), config(dir, `${host}:${port}`)),
  answers: async ({ url }) => (await fetch(`${url}/ping`, { signal: AbortSignal.timeout(2000) })).status === 204,
});

const PROGRAM = 'usr/bin/influxd';

/** Takes the system's package apart without installing it, which needs no rights. */
async function install(dir: string): Promise<void> {
  const download = (options: string[]) => run('apt-get', [...options, '--quiet', 'download', 'influxdb'], dir);
  try {
    await download([]);
  } catch {
    // A fresh system has no lists of packages yet; those of the system are for root alone to fetch.
    for (const folder of ['lists/partial', 'archives/partial']) mkdirSync(join(dir, folder), { recursive: true });
    const own = ['-o', `Dir::State::lists=${join(dir, 'lists')}`, '-o', `Dir::Cache=${dir}`];
    await run('apt-get', [...own, '--quiet', 'update'], dir);
    await download(own);
  }
  const archive = readdirSync(dir).find((file) => file.endsWith('.deb'))!;
  await run('dpkg', ['-x', archive, 'package'], dir);
  await run('mv', ['package/usr', '.'], dir);
  await run('rm', ['-rf', archive, 'package', 'lists', 'archives', 'pkgcache.bin', 'srcpkgcache.bin'], dir);
  const version = await run(join(dir, PROGRAM), ['version']);
  if (!version.startsWith(`InfluxDB v${VERSION}`)) throw new Error(`the package of this system is ${version.trim()}`);
}

function config(dir: string, address: string): string {
  return `reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = "${join(dir, 'store/meta')}"
[data]
  dir = "${join(dir, 'store/data')}"
  wal-dir = "${join(dir, 'store/wal')}"
  query-log-enabled = false
[http]
  bind-address = "${address}"
  log-enabled = false
[monitor]
  store-enabled = false
`;
}
