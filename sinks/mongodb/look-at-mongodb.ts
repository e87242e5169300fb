import { StoreFault } from '../delivery/store-fault.js';
import type { StoreLook } from '../store-look.js';
import { CollectionNames } from './collection-names.js';
import { Collections } from './collections.js';
import { MongodbConnection } from './mongodb-connection.js';
import { type MongodbSinkOptions, placeOf } from './mongodb-sink-options.js';

/** What writes, and what makes collections and indexes. */
const ACTIONS = ['insert', 'update', 'createCollection', 'createIndex'];
const LOOK_MS = 10_000;

interface Privilege {
  resource: { db?: string; collection?: string; anyResource?: boolean };
  actions: string[];
}

/** What is found of a sink's database: proves the credentials, and changes nothing. */
export async function lookAtMongodb(options: MongodbSinkOptions): Promise<StoreLook> {
  const { collection, database, mode } = options;
  const names = new CollectionNames(collection, database);
  const warnings: string[] = [];
  if (mode === 'timeseries') {
    warnings.push(
      'mode: timeseries cannot promise each row once: MongoDB has no unique _id in time-series collections, so rows that ' +
        'are sent again after a failure or a crash are there twice; mode: insert or bucket has each once',
    );
  }
  let connection: MongodbConnection | null = null;
  const signal = AbortSignal.timeout(LOOK_MS);
  try {
    connection = new MongodbConnection(options);
    const { authInfo = {} } = await connection.run({ connectionStatus: 1, showPrivileges: true }, signal);
    const { isThere, fault } = await new Collections(connection, options).look(names.only ?? '', signal);
    const faults = [...(fault === null ? [] : [fault]), ...lackingRights(authInfo, database, names.only)];
    const one = isThere ? `collection ${collection} is there` : `to be made: ${collection}`;
    return { found: `${placeOf(options)} answers; ${names.only === null ? collection : one}`, warnings, faults };
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error;
    return { found: '', warnings, faults: [`${placeOf(options)}: ${error.message}`] };
  } finally {
    await connection?.close();
  }
}

/** Of a user that has logged in; without one the server asks for none, or has refused already. */
function lackingRights(
  { authenticatedUsers = [], authenticatedUserPrivileges = [] }: Record<string, unknown[]>,
  database: string,
  collection: string | null,
): string[] {
  if (authenticatedUsers.length === 0) return [];
  const has = new Set<string>();
  for (const { resource, actions } of authenticatedUserPrivileges as Privilege[]) {
    const isDatabase = resource.db === '' || resource.db === database;
    const isCollection = !resource.collection || resource.collection === collection;
    if (resource.anyResource || (isDatabase && isCollection)) for (const action of actions) has.add(action);
  }
  if (has.has('anyAction')) return [];
  const missing = ACTIONS.filter((action) => !has.has(action));
  const where = collection === null ? database : `${database}.${collection}`;
  return missing.length === 0
    ? []
    : [`the user may not ${missing.join(', ')} in ${where}; the role readWrite has all of it`];
}
