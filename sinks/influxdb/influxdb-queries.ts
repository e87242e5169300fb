import { InfluxDB } from 'influx';
import type { FieldTypes, StoredType } from './field-types.js';
import type { InfluxdbTarget } from './influxdb-sink-options.js';

const TIMEOUT_MS = 5_000;
const TYPES: readonly string[] = ['float', 'integer', 'unsigned', 'string', 'boolean'];

/** InfluxQL, which InfluxDB 2 takes too, for buckets that are mapped to a database of their name, as all are unless told. */
function clientOf(target: Exclude<InfluxdbTarget, { version: 3 }>): { client: InfluxDB; database: string } {
  const { hostname, port, protocol, pathname } = new URL(target.url);
  const isTls = protocol === 'https:';
  const host = {
    host: hostname,
    port: Number(port || (isTls ? 443 : 80)),
    protocol: isTls ? ('https' as const) : ('http' as const),
    path: pathname.replace(/\/$/, ''),
  };
  const [username, password, database] =
    target.version === 1
      ? [target.username ?? undefined, target.password ?? undefined, target.database]
      : ['token', target.token, target.bucket];
  // Trying again is the branch's own.
  const pool = { maxRetries: 0, requestTimeout: TIMEOUT_MS };
  const login = username === undefined ? {} : { username, ...(password !== undefined && { password }) };
  return { client: new InfluxDB({ hosts: [host], database, pool, ...login }), database };
}

/** Rows of the answer to one statement, each as an object of its columns, with the series' name as `name`. */
async function ask(
  target: InfluxdbTarget,
  statement: (database: string) => string,
  signal: AbortSignal,
): Promise<Record<string, unknown>[] | null> {
  if (target.version === 3) return null;
  try {
    const { client, database } = clientOf(target);
    const limited = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const answer = (await client.queryRaw(statement(database), { database, signal: limited })) as RawAnswer;
    const [result] = answer.results;
    if (result === undefined || result.error !== undefined) return null;
    return (result.series ?? []).flatMap(({ name, columns, values }) =>
      (values ?? []).map((row) => ({ name, ...Object.fromEntries(columns.map((column, i) => [column, row[i]])) })),
    );
  } catch {
    return null;
  }
}

interface RawAnswer {
  results: {
    error?: string;
    series?: { name?: string; columns: string[]; values?: unknown[][] }[];
  }[];
}

/** Learns the types of all fields that are stored; none where the credentials may not read. */
export async function learnTypes(target: InfluxdbTarget, types: FieldTypes, signal: AbortSignal): Promise<void> {
  const rows = (await ask(target, () => 'SHOW FIELD KEYS', signal)) ?? [];
  const count = new Map<string, number>();
  const keyOf = (row: Record<string, unknown>) => JSON.stringify([row.name, row.fieldKey]);
  for (const row of rows) count.set(keyOf(row), (count.get(keyOf(row)) ?? 0) + 1);
  for (const row of rows) {
    const { name, fieldKey, fieldType } = row;
    // A field may have several, each for a while; which one counts now only a write tells.
    if (count.get(keyOf(row)) !== 1 || !TYPES.includes(String(fieldType))) continue;
    types.learn(String(name), String(fieldKey), fieldType as StoredType);
  }
}

/** How long the database keeps rows, as the store writes it (`1h0m0s`); null: for ever, or it is not known. */
export async function retention(target: InfluxdbTarget, signal: AbortSignal): Promise<string | null> {
  const quoted = (name: string) => `"${name.replaceAll(/["\\]/g, '\\$&')}"`;
  const rows = await ask(target, (database) => `SHOW RETENTION POLICIES ON ${quoted(database)}`, signal);
  const duration = rows?.find((row) => row.default === true)?.duration;
  return typeof duration === 'string' && duration !== '0s' ? duration : null;
}
