import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lackingRights } from '../../sinks/mongodb/look-at-mongodb.js';
import { mongodb } from '../servers/mongodb-server.js';
import { uniqueName } from '../servers/unique-name.js';
import { withMongo } from '../sinks/mongodb/mongo-rows.js';
import { freePort } from '../support/free-port.js';
import { tempDir } from '../support/temp-dir.js';
import { type Finished, runPitwall } from './run-pitwall.js';

const folder = tempDir('check-mongodb');
const needed = await mongodb.needsShared();

function check(sink: string, command = ['check', '--connect']): Promise<Finished> {
  const file = `${uniqueName('check')}.yaml`;
  writeFileSync(join(folder, file), `sinks:\n  laps: { type: mongodb, from: "#", ${sink} }\n`);
  return runPitwall([...command, '-c', file], folder);
}

test('check --connect says whether the collection of MongoDB is there, and makes none.', needed, async () => {
  const { url } = await mongodb.shared();
  const database = uniqueName('looked');
  const missing = await check(`url: "${url}", database: ${database}, collection: laps, expire: 1h`);
  assert.equal(missing.code, 0, missing.stderr);
  assert.match(
    missing.stdout,
    new RegExp(`^ {2}sinks\\.laps: mongodb 127.*/${database}\\.laps answers; to be made: laps$`, 'm'),
  );
  const names = await withMongo(url, async (client) =>
    (await client.db().admin().listDatabases()).databases.map(({ name }) => name),
  );
  assert.ok(!names.includes(database), 'nothing was made');

  await withMongo(url, (client) => client.db(database).createCollection('laps'));
  const there = await check(`url: "${url}", database: ${database}, collection: laps`);
  assert.match(there.stdout, /answers; collection laps is there$/m);
  const indexes = await withMongo(url, (client) => client.db(database).collection('laps').indexes());
  assert.deepEqual(
    indexes.map(({ name }) => name),
    ['_id_'],
  );
});

test(
  'check --connect says what stands in the way of writing to MongoDB, and what mode: timeseries cannot do.',
  needed,
  async () => {
    const { url } = await mongodb.shared();
    const database = uniqueName('blocked');
    await withMongo(url, (client) =>
      client.db(database).collection('laps').createIndex({ time: 1 }, { expireAfterSeconds: 60 }),
    );
    const expiry = await check(`url: "${url}", database: ${database}, collection: laps, expire: 1h`);
    assert.equal(expiry.code, 1);
    assert.match(
      expiry.stderr,
      /^pitwall: sink-failed: sinks\.laps: collection laps has an index "time_1" on time, which deletes after 60 s/,
    );

    const series = await check(`url: "${url}", database: ${database}, collection: laps, mode: timeseries`);
    assert.equal(series.code, 1);
    assert.match(series.stderr, /^warning: sinks\.laps: mode: timeseries cannot promise each row once: .*\n/);
    assert.match(series.stderr, /collection laps is there and no time series/);

    const away = await check(`url: "mongodb://127.0.0.1:${await freePort()}", database: ${database}, collection: laps`);
    assert.equal(away.code, 1);
    assert.match(away.stderr, /sinks\.laps: mongodb 127.*: .*ECONNREFUSED/);
  },
);

test(
  'check --connect proves the credentials of MongoDB and looks for rights, and shows no password.',
  needed,
  async () => {
    const { url } = await mongodb.shared();
    const database = uniqueName('rights');
    const servers = url.replace(/^mongodb:\/\/([^/]+).*$/, '$1');
    await withMongo(url, (client) =>
      client.db(database).command({ createUser: 'reader', pwd: 'hunter2', roles: [{ role: 'read', db: database }] }),
    );
    await withMongo(url, (client) =>
      client
        .db(database)
        .command({ createUser: 'writer', pwd: 'hunter2', roles: [{ role: 'readWrite', db: database }] }),
    );
    const as = (user: string, password: string) =>
      `url: "mongodb://${user}:${password}@${servers}/${database}?directConnection=true", database: ${database}, collection: laps`;
    const wrong = await check(as('reader', 'hunter3'));
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /uthentication failed.*; see url, username and password/);
    const reader = await check(as('reader', 'hunter2'));
    assert.equal(reader.code, 1);
    assert.match(reader.stderr, /sinks\.laps: the user may not write to .*\.laps; the role readWrite has all of it/);
    const writer = await check(as('writer', 'hunter2'));
    assert.equal(writer.code, 0, writer.stderr);
    const graph = await check(as('writer', 'hunter2'), ['graph']);
    assert.match(graph.stdout, /laps<br\/>mongodb laps/);
    for (const { stdout, stderr } of [wrong, reader, writer, graph]) assert.doesNotMatch(stdout + stderr, /hunter/);
  },
);

test('Privileges that MongoDB lists are compared with what a sink does.', () => {
  // As MongoDB documents the answer of connectionStatus.
  const of = (resource: object, actions: string[]) => ({
    authenticatedUsers: [{ user: 'w', db: 'race' }],
    authenticatedUserPrivileges: [{ resource, actions }],
  });
  const all = ['find', 'insert', 'update', 'createCollection', 'createIndex'];
  assert.deepEqual(lackingRights(of({ db: 'race', collection: '' }, all), 'race', 'laps'), []);
  assert.deepEqual(lackingRights(of({ db: '', collection: '' }, all), 'race', null), []);
  assert.deepEqual(lackingRights(of({ anyResource: true }, ['anyAction']), 'race', 'laps'), []);
  assert.deepEqual(lackingRights({}, 'race', 'laps'), [], 'a server without users');
  const lacking = 'the user may not update in race.laps; the role readWrite has all of it';
  const some = all.filter((action) => action !== 'update');
  assert.deepEqual(lackingRights(of({ db: 'race', collection: 'laps' }, some), 'race', 'laps'), [lacking]);
  const [other] = lackingRights(of({ db: 'other', collection: '' }, all), 'race', 'laps');
  assert.match(other!, /may not insert, update, createCollection, createIndex in race\.laps/);
});
