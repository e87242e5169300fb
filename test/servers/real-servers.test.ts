import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

/** A process of its own, with an environment, that does `script` with servers which cannot be installed. */
function withUnobtainable(script: string, env: Record<string, string>) {
  const recipe = `
    import { RealServers } from ${JSON.stringify(new URL('real-servers.js', import.meta.url))};
    const servers = new RealServers({
      name: 'nothing', variable: 'PITWALL_TEST_NOTHING', form: 'URL', wants: 'nothing', cached: 'nothing-1',
      canInstall: () => true,
      install: async () => { throw new Error('no such package'); },
      addressOf: (url) => ({ url }),
    });
    const say = (value) => process.stdout.write(JSON.stringify(value));
  `;
  const { CI: _, ...rest } = process.env;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', recipe + script], {
    encoding: 'utf8',
    env: { ...rest, ...env },
  });
  return { said: JSON.parse(stdout || 'null'), stderr };
}

test('Tests of a server that cannot be had are skipped, loudly, with why and what to do.', () => {
  const { said, stderr } = withUnobtainable('say((await servers.needsShared()).skip)', {});
  assert.match(said, /^SKIPPED: nothing cannot be started here: install .* PITWALL_TEST_NOTHING=URL.*no such package/);
  assert.ok(stderr.includes(said));
});

test('In CI they run, and fail by it.', () => {
  const script = 'say([await servers.needsOwn(), await servers.start().catch((error) => error.message)])';
  const { said } = withUnobtainable(script, { CI: 'true' });
  assert.deepEqual(said[0], { skip: false });
  assert.match(said[1], /no such package/);
});

test('An address in the environment is taken as it is, and nothing is installed for it.', () => {
  const url = 'http://10.0.0.1:9000';
  const script = 'say([await servers.needsShared(), await servers.shared()])';
  const { said, stderr } = withUnobtainable(script, { PITWALL_TEST_NOTHING: url });
  assert.deepEqual(said, [{ skip: false }, { url }]);
  assert.equal(stderr, '');
});
