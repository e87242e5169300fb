import { suggestion } from '../../core/suggest.js';
import { type ConfigNode, child, entriesOf, textOf } from './config-node.js';
import { placeholdersOf } from './keys/topic-name.js';
import { isLoopback } from './loopback.js';
import { possibleTags } from './possible-tags.js';
import type { Problems } from './problems.js';
import type { References } from './references.js';
import { below } from './spec/spec.js';

/** Keys that one mode alone takes. */
const OF_MODE = { key: 'upsert', bucket: 'bucket' } as const;

/** Rules of MongoDB sinks. Works on the tree, so that faults elsewhere hide nothing. */
export function checkMongodb(root: ConfigNode, references: References, problems: Problems): void {
  for (const { key, value } of entriesOf(child(root, 'sinks'))) {
    if (textOf(child(value, 'type')) !== 'mongodb') continue;
    const where = below('sinks', key);
    checkMode(value, where, problems);
    checkLogin(value, where, problems);
    checkTags(root, value, where, references, problems);
  }
}

function checkMode(sink: ConfigNode, where: string, problems: Problems): void {
  const mode = textOf(child(sink, 'mode')) ?? 'insert';
  for (const [name, only] of Object.entries(OF_MODE)) {
    const entry = entriesOf(sink).find(({ key }) => key === name);
    if (!entry || mode === only) continue;
    problems.warn(entry.keyOffset, `${where}.${name} has no effect: it is for mode: ${only}`);
  }
  if (mode === 'upsert' && !child(sink, 'key')) {
    problems.error(sink.owner, `${where} lacks "key", which mode: upsert needs, for example key: [car, lap]`);
  }
  const inFlight = entriesOf(sink).find(({ key }) => key === 'inFlight');
  if (inFlight && (mode === 'upsert' || mode === 'bucket')) {
    problems.warn(
      inFlight.keyOffset,
      `${where}.inFlight has no effect: mode: ${mode} sends one request after the other`,
    );
  }
}

function checkLogin(sink: ConfigNode, where: string, problems: Problems): void {
  const given = entriesOf(sink).filter(({ key }) => key === 'username' || key === 'password');
  const url = textOf(child(sink, 'url')) ?? '';
  const [first] = given;
  if (given.length === 1) {
    const missing = first!.key === 'username' ? 'password' : 'username';
    problems.error(first!.keyOffset, `${where} has "${first!.key}" and lacks "${missing}"; write both, or neither`);
  } else if (first && url.includes('@')) {
    problems.error(first.keyOffset, `${where} has a name in url and in ${first.key}; write it in one place`);
  }
  if (first || url.includes('@')) warnOpen(sink, where, url, problems);
}

/** The password itself is not sent, but all rows are, and may be changed on their way. */
function warnOpen(sink: ConfigNode, where: string, url: string, problems: Problems): void {
  if (url.startsWith('mongodb+srv:') || /[?&](tls|ssl)=true/.test(url)) return;
  const [, servers] = /^mongodb:\/\/(?:[^/?#@]*@)?([^/?#@]+)(?:[/?]|$)/.exec(url) ?? [];
  if (servers === undefined) return;
  if (servers.split(',').every((server) => isLoopback(server.replace(/:\d+$/, '').replaceAll(/[[\]]/g, '')))) return;
  const what = `${where}.url sends rows over a network without encryption`;
  problems.warn(child(sink, 'url')!.offset, `${what}; add tls=true to it`);
}

/** A tag that none of the streams can have would send all rows to one collection, and not the one that is meant. */
function checkTags(
  root: ConfigNode,
  sink: ConfigNode,
  where: string,
  references: References,
  problems: Problems,
): void {
  const node = child(sink, 'collection');
  const text = textOf(node);
  if (node?.kind !== 'scalar' || text === null) return;
  const tags = possibleTags(root, child(sink, 'from'), references);
  if (tags === null) return;
  for (const { name, at } of placeholdersOf(text)) {
    if (name === 'stream' || tags.has(name)) continue;
    const near = suggestion(name, [...tags, 'stream'], 'there is');
    const isExact = !node.hasVariables && node.textOffset !== null;
    const what = isExact
      ? `takes {${name}}, a tag that no stream of from has${near}`
      : 'takes a tag that no stream of from has';
    problems.error(isExact ? node.textOffset! + at : node.offset, `${where}.collection ${what}`);
  }
}
