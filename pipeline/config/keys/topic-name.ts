import { TopicTemplate } from '../../../bus/kafka/topic-template.js';
import type { ConfigNode } from '../config-node.js';
import { checkText, VARIABLE } from '../spec/scalars.js';
import { type CheckContext, type Spec, shownValue } from '../spec/spec.js';

/** What Kafka takes. */
export const TOPIC_LENGTH_MAX = 249;
const BUS_TOPIC_LENGTH_MAX = 180;
const PLACEHOLDER = /\{([A-Za-z_]\w*)\}/g;

/** Name of a topic whose name begins those of others, which may hold placeholders besides. */
export function busTopic(): Spec<string> {
  const expected = `a topic's name: at most ${BUS_TOPIC_LENGTH_MAX} letters, digits, _ - and dots, not dots alone, and {name} for a tag beside them`;
  return {
    typeText: "topic's name or template",
    check(node, where, context) {
      const value = checkText(node, where, "a topic's name", context);
      if (value === undefined) return undefined;
      const isName = isTopic(value.replaceAll(PLACEHOLDER, 'x'), BUS_TOPIC_LENGTH_MAX);
      return isName && new TopicTemplate(value).base !== '' ? value : refuse(node, where, expected, context);
    },
    jsonSchema: () => ({
      type: 'string',
      pattern: `^([A-Za-z0-9._-]|\\{[A-Za-z_]\\w*\\}){1,${BUS_TOPIC_LENGTH_MAX}}$|${VARIABLE}`,
    }),
  };
}

/** Name of a topic in which `{name}` stands for something of each row. */
export function topicTemplate(): Spec<string> {
  const expected = `a topic's name: at most ${TOPIC_LENGTH_MAX} letters, digits, _ - and dots, not dots alone, and {name} for a tag or {stream}`;
  return {
    typeText: "topic's name or template",
    check(node, where, context) {
      const value = checkText(node, where, "a topic's name", context);
      if (value === undefined) return undefined;
      return isTopic(value.replaceAll(PLACEHOLDER, 'x'), TOPIC_LENGTH_MAX)
        ? value
        : refuse(node, where, expected, context);
    },
    jsonSchema: () => ({ type: 'string', pattern: `^([A-Za-z0-9._-]|\\{[A-Za-z_]\\w*\\})+$|${VARIABLE}` }),
  };
}

/** The placeholders of a template, with where they stand in it. */
export function placeholdersOf(template: string): { name: string; at: number }[] {
  return [...template.matchAll(PLACEHOLDER)].map((match) => ({ name: match[1]!, at: match.index }));
}

function isTopic(value: string, lengthMax: number): boolean {
  return value.length <= lengthMax && /^[A-Za-z0-9._-]+$/.test(value) && !/^\.+$/.test(value);
}

function refuse(node: ConfigNode, where: string, expected: string, { problems }: CheckContext): undefined {
  problems.error(node.offset, `${where} must be ${expected}; not ${shownValue(node)}`);
  return undefined;
}
