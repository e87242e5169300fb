import { COMPRESSIONS, S3_DEFAULTS } from '../../sinks/s3/s3-sink-options.js';
import { type ConfigNode, child, entriesOf, textOf } from './config-node.js';
import type { Problems } from './problems.js';
import { below, shownValue } from './spec/spec.js';

/** Rules between keys of an S3 sink. Works on the tree, so that faults elsewhere hide nothing. */
export function checkS3(root: ConfigNode, problems: Problems): void {
  for (const { key, value } of entriesOf(child(root, 'sinks'))) {
    if (textOf(child(value, 'type')) !== 's3') continue;
    const where = below('sinks', key);
    checkCompression(value, where, problems);
    checkCredentials(value, where, problems);
  }
}

function checkCompression(sink: ConfigNode, where: string, problems: Problems): void {
  const node = child(sink, 'compression');
  const word = textOf(node);
  const format = textOf(child(sink, 'format')) ?? S3_DEFAULTS.format;
  const able: readonly string[] | undefined = Object.hasOwn(COMPRESSIONS, format)
    ? COMPRESSIONS[format as keyof typeof COMPRESSIONS]
    : undefined;
  const all: readonly string[] = Object.values(COMPRESSIONS).flat();
  if (!node || word === null || !able || able.includes(word) || !all.includes(word)) return;
  problems.error(node.offset, `${where}.compression: ${format} can be ${able.join(' or ')}, not ${shownValue(node)}`);
}

function checkCredentials(sink: ConfigNode, where: string, problems: Problems): void {
  const given = entriesOf(sink).filter(({ key }) => key === 'accessKeyId' || key === 'secretAccessKey');
  const [only] = given;
  if (given.length !== 1 || !only) return;
  const missing = only.key === 'accessKeyId' ? 'secretAccessKey' : 'accessKeyId';
  problems.error(only.keyOffset, `${where} has "${only.key}" and lacks "${missing}"; write both, or neither`);
}
