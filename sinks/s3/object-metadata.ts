import { readFileSync } from 'node:fs';
import type { OpenObject } from './open-object.js';
import { pointText } from './point.js';

/** S3 takes 2 KB of metadata in all. */
const TEXT_MAX = 400;
let version: string | null = null;

/** What stands beside an object's rows, in ASCII: other characters are percent-encoded. */
export function objectMetadata(object: OpenObject): Record<string, string> {
  const { topic, partition, stream, rows, range } = object;
  const columns = rows.schema.fields.map(({ name }) => encodeURIComponent(name)).join(',');
  return {
    topic: ascii(topic),
    partition: String(partition),
    first: pointText(range.first),
    last: pointText(range.last),
    stream: ascii(stream),
    rows: String(rows.rows),
    schema: String(rows.schema.fingerprint),
    ...(columns.length <= TEXT_MAX ? { columns } : {}),
    pitwall: (version ??= ownVersion()),
  };
}

/** Whether both are of the same rows; who wrote them does not matter. */
export function isSameObject(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  return ['partition', 'first', 'last', 'rows', 'schema'].every((name) => a[name] === b[name]);
}

function ascii(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString())
    .replaceAll('%2F', '/')
    .replaceAll('%40', '@')
    .slice(0, TEXT_MAX);
}

function ownVersion(): string {
  const manifest = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
