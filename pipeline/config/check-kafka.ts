import { TopicTemplate } from '../../bus/kafka/topic-template.js';
import { suggestion } from '../../core/suggest.js';
import { lateOutputName } from '../../processors/joining/late-output.js';
import { checkTopicTemplate } from './check-topic-template.js';
import { type ConfigNode, child, entriesOf, itemsOf, textOf } from './config-node.js';
import { busKafkaKeys } from './keys/bus-keys.js';
import { nameFault } from './keys/name-fault.js';
import { placeholdersOf, TOPIC_LENGTH_MAX } from './keys/topic-name.js';
import { isLoopback } from './loopback.js';
import { possibleTags } from './possible-tags.js';
import type { Problems } from './problems.js';
import { hasLateOutput, type References } from './references.js';
import { parseAddress } from './spec/scalars.js';
import { below, shownValue } from './spec/spec.js';

/** Rules of Kafka, as the bus and as a sink. Works on the tree, so that faults elsewhere hide nothing. */
export function checkKafka(root: ConfigNode, references: References, problems: Problems): void {
  const bus = child(child(root, 'bus'), 'kafka');
  if (bus) {
    warnOpenPasswords(bus, 'bus.kafka', problems);
    checkTopicTemplate(root, bus, problems);
    checkProcessorTopics(root, baseOf(bus), problems);
  }
  for (const { key, value } of entriesOf(child(root, 'sinks'))) {
    if (textOf(child(value, 'type')) !== 'kafka') continue;
    const where = below('sinks', key);
    warnOpenPasswords(value, where, problems);
    warnRegistry(value, where, problems);
    checkApart(value, where, bus, problems);
    checkTags(root, value, where, references, problems);
  }
}

/** A password that goes over a network as it is should not surprise anyone. */
function warnOpenPasswords(node: ConfigNode, where: string, problems: Problems): void {
  const mechanism = child(child(node, 'sasl'), 'mechanism');
  const tls = child(node, 'tls');
  const isEncrypted = tls !== undefined && !(tls.kind === 'scalar' && String(tls.value) === 'false');
  const hosts = brokersOf(node).map((broker) => parseAddress(broker)?.host);
  if (mechanism && textOf(mechanism) === 'plain' && !isEncrypted && hosts.some((host) => host && !isLoopback(host))) {
    const what = `${where}.sasl: plain sends the password as it is, to a broker beyond this machine`;
    problems.warn(mechanism.offset, `${what}; add tls, or use scram-sha-512`);
  }
  const registry = child(node, 'registry');
  const url = child(registry, 'url');
  const text = textOf(url) ?? '';
  if (!child(registry, 'password') || !/^http:/i.test(text) || !URL.canParse(text)) return;
  if (isLoopback(new URL(text).hostname.replaceAll(/[[\]]/g, ''))) return;
  problems.warn(url!.offset, `${where}.registry sends the password as it is, beyond this machine; use https`);
}

/** Kafka takes `.` and `_` of topics for the same, and no name beyond its length. */
function checkProcessorTopics(root: ConfigNode, topic: string, problems: Problems): void {
  const names = new Map<string, string>();
  const outputs = entriesOf(child(root, 'processors')).flatMap(({ key, keyOffset, value }) =>
    [key, ...(hasLateOutput(value) ? [lateOutputName(key)] : [])].map((name) => ({ key: name, keyOffset, of: key })),
  );
  for (const { key, keyOffset, of } of outputs) {
    if (nameFault('processor', of) !== null) continue;
    const length = topic.length + 1 + key.length;
    if (length > TOPIC_LENGTH_MAX) {
      const what = `the Kafka topic of "${key}" would have ${length} characters, of at most ${TOPIC_LENGTH_MAX}`;
      problems.error(keyOffset, `${what}; shorten the name, or bus.kafka.topic`);
    }
    const plain = key.replaceAll('.', '_');
    const twin = names.get(plain);
    if (twin !== undefined) {
      const what = `Kafka takes . and _ in topics for the same, so "${twin}" and "${key}" cannot both have one`;
      problems.error(keyOffset, `${what}; rename one of them`);
    }
    names.set(plain, key);
  }
}

function warnRegistry(sink: ConfigNode, where: string, problems: Problems): void {
  const registry = entriesOf(sink).find((entry) => entry.key === 'registry');
  if (!registry || (textOf(child(sink, 'format')) ?? 'json') !== 'json') return;
  problems.warn(registry.keyOffset, `${where}.registry has no effect: json needs no schema`);
}

/** What a sink writes into the bus would be read as if Pitwall had put it there. */
function checkApart(sink: ConfigNode, where: string, bus: ConfigNode | undefined, problems: Problems): void {
  const node = child(sink, 'topic');
  const text = textOf(node);
  if (!bus || text === null) return;
  const known = brokersOf(bus);
  if (!brokersOf(sink).some((broker) => known.includes(broker))) return;
  const topic = baseOf(bus);
  const isOwn = text === topic || text.startsWith(`${topic}.`) || new TopicTemplate(busTopicOf(bus)).isOwn(text);
  if (!isOwn) return;
  problems.error(
    node!.offset,
    `${where}.topic: ${shownValue(node!)} is among the topics of the bus, bus.kafka.topic and what begins with it and ` +
      'a dot; choose another',
  );
}

/** A tag that none of the streams can have would leave the sink without a topic, or what `key` says, for any row. */
export function checkTags(
  root: ConfigNode,
  sink: ConfigNode,
  where: string,
  references: References,
  problems: Problems,
  key = 'topic',
): void {
  const node = child(sink, key);
  const text = textOf(node);
  if (node?.kind !== 'scalar' || text === null) return;
  const tags = possibleTags(root, child(sink, 'from'), references);
  if (tags === null) return;
  for (const { name, at } of placeholdersOf(text)) {
    if (name === 'stream' || tags.has(name)) continue;
    if (node.hasVariables) {
      problems.error(node.offset, `${where}.${key}: ${shownValue(node)} takes a tag that no stream of from has`);
      continue;
    }
    const near = suggestion(name, [...tags, 'stream'], 'there is');
    const offset = node.textOffset === null ? node.offset : node.textOffset + at;
    problems.error(offset, `${where}.${key} takes {${name}}, a tag that no stream of from has${near}`);
  }
}

/** What the names of the bus's topics begin with. */
function baseOf(bus: ConfigNode): string {
  return new TopicTemplate(busTopicOf(bus)).base;
}

function busTopicOf(bus: ConfigNode): string {
  return textOf(child(bus, 'topic')) ?? busKafkaKeys.topic.default;
}

function brokersOf(node: ConfigNode): string[] {
  const texts = itemsOf(child(node, 'brokers')).map((item) => textOf(item) ?? '');
  return texts.flatMap((text) => text.toLowerCase().split(/[\s,]+/)).filter((text) => text !== '');
}
