import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { MAIN, runPitwall } from './run-pitwall.js';

const folder = mkdtempSync(`${tmpdir()}/pitwall-main-`);
test.after(() => rmSync(folder, { recursive: true }));
const run = (...args: string[]) => runPitwall(args, folder);

test('The overview names every command, goes to stdout when asked for and to stderr when not.', async () => {
  const asked = await run('--help');
  assert.equal(asked.code, 0);
  assert.equal(asked.stderr, '');
  for (const name of [
    'run',
    'check',
    'graph',
    'schema',
    'simulate',
    'replay',
    'tap',
    'dead-letters',
    'audit',
    'bench',
  ]) {
    assert.match(asked.stdout, new RegExp(`^  ${name} +\\w`, 'm'));
  }
  const bare = await run();
  assert.deepEqual(bare, { code: 2, stdout: '', stderr: asked.stdout });
});

test('The version is that of the package.', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  assert.deepEqual(await run('--version'), { code: 0, stdout: `${version}\n`, stderr: '' });
});

const USAGE: [args: string[], stderr: string][] = [
  [['chekc'], 'unknown command "chekc"; did you mean "check"?'],
  [['toString'], 'unknown command "toString"; see pitwall --help'],
  [['--frob'], 'unknown option "--frob"; see pitwall --help'],
  [['check', '--conect'], 'pitwall check has no option --conect; did you mean "--connect"?'],
  [['check', '-x'], 'pitwall check has no option -x; see pitwall check --help'],
  [['check', 'pitwall.yaml'], 'pitwall check takes no "pitwall.yaml"; see pitwall check --help'],
  [['check', '--connect=yes'], "Option '--connect' does not take an argument; see pitwall check --help"],
  [['graph', '--format', 'txt'], 'there is no format "txt"; did you mean "text"?'],
];
for (const [args, message] of USAGE) {
  test(`\`pitwall ${args.join(' ')}\` is wrong usage: exit code 2, a hint on stderr and nothing on stdout.`, async () => {
    assert.deepEqual(await run(...args), { code: 2, stdout: '', stderr: `pitwall: bad-usage: ${message}\n` });
  });
}

test('A reader that closes the pipe ends the command quietly.', async () => {
  const child = spawn(process.execPath, [MAIN, 'schema'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdout.destroy();
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
});

test('Where an error was raised is shown only on demand.', async () => {
  const plain = await run('audit');
  assert.doesNotMatch(plain.stderr, /\n +at /);
  assert.match((await run('audit', '--debug')).stderr, /\n +at /);
  assert.match((await runPitwall(['audit'], folder, { PITWALL_DEBUG: '1' })).stderr, /\n +at /);
});
