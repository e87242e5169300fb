import type { ConfigNode } from '../config-node.js';
import { checkText, duration, VARIABLE } from '../spec/scalars.js';
import { type CheckContext, type Spec, shownValue } from '../spec/spec.js';

const DATABASE_BYTES_MAX = 63;
const COLLECTION_BYTES_MAX = 200;
const CREDENTIALS = '[^/?#@:\\s]+(:[^/?#@\\s]*)?@';
const URL_PATTERN = `^mongodb(\\+srv)?://(${CREDENTIALS})?[^/?#@\\s]+(/[^?#@\\s]*)?(\\?\\S*)?$`;

/** Connection string of MongoDB. It may hold a password, so that no message shows it. */
export function mongodbUrl(): Spec<string> {
  const expected = 'a connection string such as mongodb://127.0.0.1:27017';
  const url = new RegExp(URL_PATTERN);
  return {
    typeText: 'connection string, never shown',
    isSecret: true,
    check(node, where, context) {
      const isText = node.kind === 'scalar' && typeof node.value === 'string';
      const value = isText ? (node.value as string) : checkText(node, where, expected, context);
      if (value === undefined || url.test(value)) return value;
      const why = !/^mongodb(\+srv)?:\/\//.test(value)
        ? `must be ${expected}, which begins with mongodb:// or mongodb+srv://`
        : value.includes('@')
          ? 'cannot be read: in a name or password write %40 for @, %2F for /, %3A for :, %3F for ?, %23 for #; or use username and password'
          : `must be ${expected}`;
      context.problems.error(node.offset, `${where} ${why}`);
      return undefined;
    },
    jsonSchema: () => ({ type: 'string', pattern: `${URL_PATTERN}|${VARIABLE}` }),
  };
}

/** Name of a database. */
export function databaseName(): Spec<string> {
  const pattern = '^[^/\\\\. "$*<>:|?\\u0000]+$';
  const expected = `a database's name: at most ${DATABASE_BYTES_MAX} bytes, without blanks and / \\ . " $ * < > : | ?`;
  return named(
    expected,
    "database's name",
    (value) => {
      return new RegExp(pattern).test(value) && Buffer.byteLength(value) <= DATABASE_BYTES_MAX;
    },
    `${pattern}|${VARIABLE}`,
  );
}

/** Name of a collection in which `{name}` stands for something of each row. */
export function collectionTemplate(): Spec<string> {
  const pattern = '^(?!system\\.)[^$\\u0000]+$';
  const expected = `a collection's name: at most ${COLLECTION_BYTES_MAX} bytes, without $ and not beginning with system., and {name} for a tag or {stream}`;
  return named(
    expected,
    "collection's name or template",
    (value) => {
      return (
        new RegExp(pattern).test(value) && Buffer.byteLength(value) <= COLLECTION_BYTES_MAX && !/^\.|\.$/.test(value)
      );
    },
    `${pattern}|${VARIABLE}`,
  );
}

function named(expected: string, typeText: string, isRight: (value: string) => boolean, pattern: string): Spec<string> {
  return {
    typeText,
    check(node: ConfigNode, where: string, context: CheckContext) {
      const value = checkText(node, where, `a ${typeText}`, context);
      if (value === undefined || isRight(value)) return value;
      context.problems.error(node.offset, `${where} must be ${expected}; not ${shownValue(node)}`);
      return undefined;
    },
    jsonSchema: () => ({ type: 'string', pattern }),
  };
}

/** In whole microseconds; MongoDB deletes by seconds, and buckets begin at them. */
export function wholeSeconds(): Spec<number> {
  const spec = duration(1e6, '1s');
  return {
    ...spec,
    check(node, where, context) {
      const value = spec.check(node, where, context);
      if (value === undefined || value % 1e6 === 0) return value;
      context.problems.error(node.offset, `${where} must be whole seconds, not ${shownValue(node)}`);
      return undefined;
    },
  };
}
