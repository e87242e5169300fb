import { relative, resolve } from 'node:path';
import { patternFault, StreamPattern } from '../../core/stream-pattern.js';
import { type ConfigNode, child, entriesOf, textOf } from './config-node.js';
import { busKafkaKeys } from './keys/bus-keys.js';
import { entityKeyFault } from './keys/streams-keys.js';
import { isLoopback } from './loopback.js';
import type { Problems } from './problems.js';
import { parseAddress } from './spec/scalars.js';
import { below, shownValue } from './spec/spec.js';

/** Rules that tie places of the file together. Works on the tree, so that faults elsewhere hide nothing. */
export function checkRules(root: ConfigNode, problems: Problems, folder: string): void {
  checkListening(child(root, 'gateway'), problems);
  checkAddresses(child(root, 'gateway'), problems);
  checkStreams(child(root, 'streams'), problems);
  checkFolders(root, problems, folder);
  checkRolls(root, problems);
}

function checkRolls(root: ConfigNode, problems: Problems): void {
  for (const { key, value } of entriesOf(child(root, 'sinks'))) {
    const format = textOf(child(value, 'format')) ?? 'jsonl';
    const roll = entriesOf(value).find((entry) => entry.key === 'roll');
    if (!roll || textOf(child(value, 'type')) !== 'file' || (format !== 'jsonl' && format !== 'csv')) continue;
    const where = `${below('sinks', key)}.roll`;
    problems.warn(roll.keyOffset, `${where} has no effect: ${format} grows one file a stream`);
  }
}

function checkAddresses(gateway: ConfigNode | undefined, problems: Problems): void {
  const mqtt = textOf(child(gateway, 'mqtt'));
  const http = child(gateway, 'http');
  if (mqtt === null || textOf(http) !== mqtt || (parseAddress(mqtt)?.port ?? 0) === 0) return;
  problems.error(http!.offset, 'gateway.http is the address of gateway.mqtt; give each its own port');
}

/** Without authentication only this machine may connect, unless the file says that this is meant. */
function checkListening(gateway: ConfigNode | undefined, problems: Problems): void {
  if (child(gateway, 'auth') || child(gateway, 'tls')) return;
  for (const name of ['mqtt', 'http']) {
    const node = child(gateway, name);
    if (node?.kind !== 'scalar' || typeof node.value !== 'string') continue;
    const parsed = parseAddress(node.value);
    if (!parsed || isLoopback(parsed.host)) continue;
    problems.error(
      node.offset,
      `gateway.${name} listens beyond this machine (${shownValue(node)}) and everyone who reaches it may publish; ` +
        'write gateway.auth: none if that is meant, or listen on 127.0.0.1',
    );
  }
}

function checkStreams(streams: ConfigNode | undefined, problems: Problems): void {
  const shapes = new Map<string, string>();
  for (const { key: pattern, keyOffset, value } of entriesOf(streams)) {
    if (patternFault(pattern) !== null) continue;
    const shape = pattern.replaceAll(/\{\w+\}/g, '+');
    const twin = shapes.get(shape);
    if (twin !== undefined) problems.error(keyOffset, `"${pattern}" names the same streams as "${twin}"; keep one`);
    shapes.set(shape, pattern);
    const key = child(value, 'key');
    if (key?.kind !== 'scalar' || typeof key.value !== 'string' || key.value === '') continue;
    const fault = entityKeyFault(key.value, pattern);
    const why = key.hasVariables ? 'is no entity key of this pattern' : fault;
    if (fault !== null) problems.error(key.offset, `${below('streams', pattern)}.key: ${shownValue(key)} ${why}`);
    else if (new StreamPattern(key.value).captures.length === 0 && /[+#{]/.test(pattern)) {
      const what = `${below('streams', pattern)}.key holds no capture`;
      problems.warn(key.offset, `${what}: all its streams are one entity, in one partition`);
    }
  }
}

interface Folder {
  path: string;
  /** Undefined for a default. */
  node: ConfigNode | undefined;
  /** What messages call it. */
  what: string;
}

/** Two writers in one folder would undo each other's files. */
function checkFolders(root: ConfigNode, problems: Problems, folder: string): void {
  const ofBus = busFolders(child(root, 'bus'), folder);
  for (const [i, { path, node, what }] of ofBus.entries()) {
    const other = ofBus.slice(0, i).find((each) => isNested(each.path, path));
    if (other) {
      const at = (node ?? other.node)?.offset ?? 0;
      problems.error(at, `${other.what} and ${what} may not lie within each other; give each its own`);
    }
  }
  const taken = new Map<string, string>();
  for (const { key, value } of entriesOf(child(root, 'sinks'))) {
    const node = child(value, 'path');
    const text = textOf(node);
    if (text === null || textOf(child(value, 'type')) !== 'file') continue;
    const path = resolve(folder, text);
    const where = `${below('sinks', key)}.path`;
    const other = taken.get(path);
    if (other !== undefined) {
      problems.error(node!.offset, `${where}: the sink "${other}" writes to the same folder; give each its own`);
    }
    taken.set(path, key);
    for (const { what } of ofBus.filter((each) => isNested(each.path, path))) {
      problems.error(node!.offset, `${where} and ${what} may not lie within each other; give each its own`);
    }
  }
}

function busFolders(bus: ConfigNode | undefined, folder: string): Folder[] {
  const kafka = child(bus, 'kafka');
  const one = (node: ConfigNode | undefined, otherwise: string, what: string): Folder => {
    return { path: resolve(folder, textOf(node) ?? otherwise), node, what };
  };
  if (!kafka) return [one(child(child(bus, 'log'), 'dir'), './data/bus', 'the folder of the bus')];
  return (['spool', 'state'] as const).map((name) =>
    one(child(kafka, name), busKafkaKeys[name].default, `bus.kafka.${name}`),
  );
}

function isNested(one: string, other: string): boolean {
  return isWithin(one, other) || isWithin(other, one);
}

function isWithin(path: string, folder: string): boolean {
  const rest = relative(folder, path);
  return rest === '' || !/^\.\.(\/|\\|$)/.test(rest);
}
