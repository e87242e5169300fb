import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemsOf, readText } from './problems-of.js';

const sink = (keys: string, url = 'mongodb://127.0.0.1:27017') =>
  `streams:\n  car/{car}/imu: {}\nsinks:\n  laps: { type: mongodb, from: "car/{car}/imu", url: "${url}", ${keys} }\n`;
const NAMES = 'database: race, collection: laps';

test('A MongoDB sink needs its address, database and collection; the rest has defaults.', () => {
  const { config, problems } = readText(sink(NAMES));
  assert.deepEqual(problems, []);
  const [first] = config!.sinks;
  assert.deepEqual(first!.options, {
    url: 'mongodb://127.0.0.1:27017',
    login: null,
    database: 'race',
    collection: 'laps',
    mode: 'insert',
    key: [],
    bucketUs: 60_000_000,
    expireUs: null,
    connections: 4,
    timeoutMs: 30_000,
  });
});

test('All keys of a MongoDB sink are read.', () => {
  const keys = `database: race, collection: "laps-{car}", username: u, password: p, mode: upsert, key: [car, lap], expire: 30d, timeout: 5s`;
  const { config, problems } = readText(sink(keys));
  assert.deepEqual(problems, []);
  const { login, key, expireUs, timeoutMs, collection } = config!.sinks[0]!.options as unknown as Record<
    string,
    unknown
  >;
  assert.deepEqual(
    [login, key, expireUs, timeoutMs, collection],
    [{ username: 'u', password: 'p' }, ['car', 'lap'], 30 * 86_400e6, 5_000, 'laps-{car}'],
  );
});

test('What is wrong with a MongoDB sink is said with its place, and no password is shown.', () => {
  const cases: [keys: string, url: string | undefined, expected: RegExp[]][] = [
    [NAMES, 'http://127.0.0.1:27017', [/laps\.url must be a connection string .*begins with mongodb:\/\//]],
    [NAMES, 'mongodb://u:hunt@r2@127.0.0.1', [/laps\.url cannot be read: in a name or password write %40 for @/]],
    [
      NAMES,
      'mongodb://u:hunter2@db.example.com',
      [/warning: sinks\.laps\.url sends rows over a network without encryption; add tls=true/],
    ],
    [NAMES, 'mongodb://u:hunter2@db.example.com/?tls=true', []],
    ['database: "a b", collection: laps', undefined, [/laps\.database must be a database's name/]],
    ['database: race, collection: "system.x"', undefined, [/laps\.collection must be a collection's name/]],
    [
      'database: race, collection: "laps-{cra}"',
      undefined,
      [/takes \{cra\}, a tag that no stream of from has; did you mean "car"\?/],
    ],
    [`${NAMES}, mode: upsert`, undefined, [/sinks\.laps lacks "key", which mode: upsert needs/]],
    [`${NAMES}, key: lap`, undefined, [/warning: sinks\.laps\.key has no effect: it is for mode: upsert/]],
    [`${NAMES}, mode: bucket, inFlight: 3`, undefined, [/warning: sinks\.laps\.inFlight has no effect/]],
    [`${NAMES}, expire: 1500ms`, undefined, [/laps\.expire must be whole seconds, not "1500ms"/]],
    [`${NAMES}, password: hunter2`, undefined, [/has "password" and lacks "username"/]],
    [
      `${NAMES}, username: u, password: hunter2`,
      'mongodb://u:hunter2@127.0.0.1',
      [/has a name in url and in username/],
    ],
  ];
  for (const [keys, url, expected] of cases) {
    const found = problemsOf(sink(keys, url));
    assert.equal(found.length, expected.length, found.join('\n'));
    for (const [i, each] of expected.entries()) assert.match(found[i]!, each);
    assert.doesNotMatch(found.join('\n'), /hunt/);
  }
});
