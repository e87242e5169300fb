import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.js';
import { tempDir } from '../support/temp-dir.js';
import { ServerProcess } from './server-process.js';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** A process of its own that starts a server, which is `sleep`, tells its folder and its id, and stays. */
const PARENT = `
  import { ServerProcess } from ${JSON.stringify(join(folder, 'server-process.js'))};
  const server = new ServerProcess('trial', () => ({ argv: ['sleep', '600'] }), async () => true);
  await server.start();
  process.stdout.write(server.dir + ' ' + server.pid);
  process.stdin.on('data', () => process.exit(0));
`;

async function startParent(path?: string) {
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', PARENT], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...(path && { PATH: path }) },
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const [dir, pid] = String(line).split(' ') as [string, string];
  assert.ok(runs(Number(pid)));
  return { parent, dir, pid: Number(pid) };
}

async function killedParentTakesItsServer(path?: string): Promise<void> {
  const { parent, dir, pid } = await startParent(path);
  parent.kill('SIGKILL');
  await eventually('the server ends', () => !runs(pid));
  rmSync(dir, { recursive: true });
}

/** Whether a process is there, and not a dead one that nobody has asked about. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('A server and its folder go with the process that started it.', async () => {
  const { parent, dir, pid } = await startParent();
  parent.stdin.write('end');
  const [code] = (await once(parent, 'exit')) as [number];
  assert.equal(code, 0);
  assert.ok(!existsSync(dir));
  await eventually('the server ends', () => !runs(pid));
});

test('A server dies when the process that started it is killed.', async () => {
  await killedParentTakesItsServer();
});

test('It does so without help of the kernel.', async () => {
  const bin = tempDir('path');
  for (const dir of ['/bin', '/usr/bin']) {
    for (const name of readdirSync(dir)) {
      if (['sh', 'sleep'].includes(name) && !existsSync(join(bin, name))) symlinkSync(join(dir, name), join(bin, name));
    }
  }
  await killedParentTakesItsServer(bin);
});

test('A server that does not start says what it wrote.', async () => {
  const never = async () => false;
  const broken = new ServerProcess('broken', () => ({ argv: ['sh', '-c', 'echo no such port >&2; exit 3'] }), never);
  await assert.rejects(broken.start(), /broken does not start: it ended with 3\nno such port/);
});
