import { StoreFault } from '../delivery/store-fault.js';
import type { StoreLook } from '../store-look.js';
import { CollectionNames } from './collection-names.js';
import { Collections } from './collections.js';
import { MongodbConnection } from './mongodb-connection.js';
import { type MongodbSinkOptions, placeOf } from './mongodb-sink-options.js';

/** What writes, and what makes collections and indexes. */
const ACTIONS = ['insert', 'update', 'createCollection', 'createIndex'];
const READING_ROLES = ['read', 'readAnyDatabase'];
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

interface AuthInfo {
  authenticatedUsers?: unknown[];
  authenticatedUserRoles?: { role: string; db: string }[];
  authenticatedUserPrivileges?: Privilege[];
}

/** Of a user that has logged in; without one the server asks for none, or has refused already. */
export function lackingRights(info: AuthInfo, database: string, collection: string | null): string[] {
  const { authenticatedUsers = [], authenticatedUserRoles = [], authenticatedUserPrivileges = [] } = info;
  if (authenticatedUsers.length === 0) return [];
  const where = collection === null ? database : `${database}.${collection}`;
  const advice = 'the role readWrite has all of it';
  if (authenticatedUserPrivileges.length === 0) {
    // Not every server says more than the roles.
    const canOnlyRead = authenticatedUserRoles.every(({ role }) => READING_ROLES.includes(role));
    return canOnlyRead ? [`the user may not write to ${where}; ${advice}`] : [];
  }
  const has = new Set<string>();
  for (const { resource, actions } of authenticatedUserPrivileges) {
    const isDatabase = resource.db === '' || resource.db === database;
    const isCollection = !resource.collection || resource.collection === collection;
    if (resource.anyResource || (isDatabase && isCollection)) for (const action of actions) has.add(action);
  }
  const missing = has.has('anyAction') ? [] : ACTIONS.filter((action) => !has.has(action));
  return missing.length === 0 ? [] : [`the user may not ${missing.join(', ')} in ${where}; ${advice}`];
}
