import { reportHalfPair } from './both-or-neither.js';
import { checkTemplateTags } from './check-template-tags.js';
import { type ConfigNode, child, entriesOf, textOf } from './config-node.js';
import { isLoopback } from './loopback.js';
import type { Problems } from './problems.js';
import type { References } from './references.js';
import { below } from './spec/spec.js';

interface Version {
  required: string[];
  others: string[];
}

/** Keys that say what is written to, by `version`. */
const VERSIONS: Record<string, Version> = {
  1: { required: ['database'], others: ['username', 'password'] },
  2: { required: ['org', 'bucket', 'token'], others: [] },
  3: { required: ['database'], others: ['token'] },
};
const PLACE_KEYS = [...new Set(Object.values(VERSIONS).flatMap(({ required, others }) => [...required, ...others]))];

/** Rules of InfluxDB sinks. Works on the tree, so that faults elsewhere hide nothing. */
export function checkInfluxdb(root: ConfigNode, references: References, problems: Problems): void {
  for (const { key, value } of entriesOf(child(root, 'sinks'))) {
    if (textOf(child(value, 'type')) !== 'influxdb') continue;
    const where = below('sinks', key);
    checkVersion(value, where, problems);
    warnOpenSecret(value, where, problems);
    checkTemplateTags(root, value, 'measurement', where, references, problems);
  }
}

function checkVersion(sink: ConfigNode, where: string, problems: Problems): void {
  const node = child(sink, 'version');
  const number = node?.kind === 'scalar' ? String(node.value) : '1';
  const version = VERSIONS[number];
  if (version === undefined) return;
  const { required, others } = version;
  const given = entriesOf(sink).filter((entry) => PLACE_KEYS.includes(entry.key));
  for (const { key, keyOffset } of given) {
    if (required.includes(key) || others.includes(key)) continue;
    const known = [...required, ...others].join(', ');
    const hint = node === undefined ? '; write version: 2 or 3 if that is what it is' : '';
    problems.error(keyOffset, `${where}.${key} is not for InfluxDB ${number}, which takes ${known}${hint}`);
  }
  for (const name of required) {
    if (!given.some(({ key }) => key === name)) {
      problems.error(sink.owner, `${where} lacks "${name}", which InfluxDB ${number} needs`);
    }
  }
  if (number === '1') reportHalfPair(sink, where, ['username', 'password'], problems);
}

/** A password that goes over a network as it is should not surprise anyone. */
function warnOpenSecret(sink: ConfigNode, where: string, problems: Problems): void {
  const secret = child(sink, 'password') ?? child(sink, 'token');
  const url = child(sink, 'url');
  const text = textOf(url) ?? '';
  if (!secret || !/^http:/i.test(text) || !URL.canParse(text)) return;
  if (isLoopback(new URL(text).hostname.replaceAll(/[[\]]/g, ''))) return;
  problems.warn(url!.offset, `${where} sends its credentials as they are, beyond this machine; use https`);
}
