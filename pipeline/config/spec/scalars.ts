import { isIPv6 } from 'node:net';
import { resolve } from 'node:path';
import { suggestion } from '../../../core/suggest.js';
import { parseDurationUs, parseRateHz, parseSizeBytes } from '../../../core/units.js';
import type { ConfigNode, ScalarNode } from '../config-node.js';
import { type CheckContext, emptyMessage, type JsonSchema, type Spec, shownValue } from './spec.js';

/** Any place that takes a text also takes a variable, whose value only the checker knows. */
export const VARIABLE = '\\$\\{';

/** The node's text; reports what is no text and returns undefined. */
export function checkText(
  node: ConfigNode,
  where: string,
  expected: string,
  context: CheckContext,
): string | undefined {
  if (node.kind !== 'scalar') {
    const only = node.kind === 'map' && node.entries.length === 1 ? node.entries[0]! : null;
    const capture = only !== null && only.value.kind === 'scalar' && only.value.value === null;
    const hint = capture ? `; { } means keys with values here, write "{${only.key}}"` : '';
    context.problems.error(node.offset, `${where} must be ${expected}, not ${shownValue(node)}${hint}`);
    return undefined;
  }
  if (node.value === null) {
    context.problems.error(node.offset, emptyMessage(where, node, expected));
    return undefined;
  }
  if (typeof node.value !== 'string') {
    const kind = typeof node.value === 'number' ? 'number' : 'truth value';
    context.problems.error(node.offset, `${where} must be ${expected}, not the ${kind} ${node.shown}`);
    return undefined;
  }
  return node.value;
}

/** A text that is not empty. */
export function text(expected = 'a text'): Spec<string> {
  return {
    typeText: expected.replace(/^an? /, ''),
    check(node, where, context) {
      const value = checkText(node, where, expected, context);
      if (value === '') context.problems.error(node.offset, `${where}: ${shownValue(node)} is empty`);
      return value || undefined;
    },
    jsonSchema: () => ({ type: 'string', minLength: 1 }),
  };
}

/** A text that may be empty. */
export function anyText(): Spec<string> {
  return {
    typeText: 'text',
    check: (node, where, context) => checkText(node, where, 'a text', context),
    jsonSchema: () => ({ type: 'string' }),
  };
}

/** A path of the file system, made absolute from the file's folder. */
export function path(what: 'file' | 'folder'): Spec<string> {
  return {
    typeText: what,
    check(node, where, context) {
      const value = checkText(node, where, `the path of a ${what}`, context);
      if (value === undefined) return undefined;
      const why =
        value === ''
          ? 'is empty'
          : value.includes('\0')
            ? 'holds a NUL character'
            : /^~($|\/)/.test(value)
              ? `starts with ~, which is not replaced; write $\{HOME}`
              : null;
      if (why === null) return resolve(context.folder, value);
      context.problems.error(node.offset, `${where}: ${shownValue(node)} ${why}`);
      return undefined;
    },
    jsonSchema: () => ({ type: 'string', minLength: 1 }),
  };
}

/** One of some words; those that map to `false` are known but not part of this version. */
export function choice<const C extends Readonly<Record<string, boolean>>>(
  words: C,
): Spec<{ [W in keyof C & string]: C[W] extends true ? W : never }[keyof C & string]> {
  type Word = { [W in keyof C & string]: C[W] extends true ? W : never }[keyof C & string];
  const all = Object.keys(words);
  const ready = all.filter((word) => words[word]);
  const listed = ready.length > 1 ? `${ready.slice(0, -1).join(', ')} or ${ready.at(-1)}` : ready[0]!;
  return {
    typeText: ready.map((word) => `\`${word}\``).join(', '),
    check(node, where, context) {
      const value = checkText(node, where, listed, context);
      if (value === undefined) return undefined;
      if (ready.includes(value)) return value as Word;
      if (Object.hasOwn(words, value)) context.problems.notYet(node.offset, `${where}: ${value}`);
      else {
        const near = (node as ScalarNode).hasVariables ? '' : suggestion(value, all);
        context.problems.error(node.offset, `${where} must be ${listed}, not ${shownValue(node)}${near}`);
      }
      return undefined;
    },
    jsonSchema: () => ({ anyOf: [{ enum: ready }, { type: 'string', pattern: VARIABLE }] }),
  };
}

/** `true` or `false`; as a text only when it comes from a variable. */
export function truth(): Spec<boolean> {
  return {
    typeText: '`true` or `false`',
    check(node, where, context) {
      const value = node.kind === 'scalar' ? node.value : undefined;
      if (typeof value === 'boolean') return value;
      const isVariable = node.kind === 'scalar' && node.hasVariables;
      if (isVariable && (value === 'true' || value === 'false')) return value === 'true';
      const message =
        value === null
          ? emptyMessage(where, node, 'true or false')
          : `${where} must be true or false, not ${shownValue(node)}`;
      context.problems.error(node.offset, message);
      return undefined;
    },
    jsonSchema: () => ({ anyOf: [{ type: 'boolean' }, { type: 'string', pattern: VARIABLE }] }),
  };
}

/** A whole number; as a text only when it comes from a variable. */
export function integer(min: number, max: number): Spec<number> {
  return {
    typeText: `whole number, ${min} to ${max}`,
    check(node, where, context) {
      let value: unknown = node.kind === 'scalar' ? node.value : undefined;
      if (node.kind === 'scalar' && node.hasVariables && /^\d{1,15}$/.test(node.value as string))
        value = Number(node.value);
      if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
      const expected = `a whole number from ${min} to ${max}`;
      const message =
        value === null ? emptyMessage(where, node, expected) : `${where} must be ${expected}, not ${shownValue(node)}`;
      context.problems.error(node.offset, message);
      return undefined;
    },
    jsonSchema: () => ({
      anyOf: [
        { type: 'integer', minimum: min, maximum: max },
        { type: 'string', pattern: VARIABLE },
      ],
    }),
  };
}

interface Quantity {
  name: string;
  expected: string;
  parse(text: string): number;
  units: string;
}

const DURATION: Quantity = {
  name: 'duration',
  expected: 'a duration such as 250ms, 5s, 1m, 7d',
  parse: parseDurationUs,
  units: 'us|ms|s|m|h|d',
};
const SIZE: Quantity = {
  name: 'size',
  expected: 'a size such as 512KiB, 64MiB, 50GiB',
  parse: parseSizeBytes,
  units: 'B|kB|MB|GB|TB|KiB|MiB|GiB|TiB',
};
const RATE: Quantity = {
  name: 'rate',
  expected: 'a rate such as 1Hz, 20Hz, 1kHz',
  parse: parseRateHz,
  units: 'Hz|kHz',
};

function quantity(kind: Quantity, least: number, leastText: string): Spec<number> {
  return {
    typeText: kind.name,
    check(node, where, context) {
      if (node.kind === 'scalar' && typeof node.value === 'number') {
        context.problems.error(node.offset, `${where} must be ${kind.expected}; ${node.shown} has no unit`);
        return undefined;
      }
      const value = checkText(node, where, kind.expected, context);
      if (value === undefined) return undefined;
      let parsed: number;
      try {
        parsed = kind.parse(value);
      } catch {
        context.problems.error(node.offset, `${where} must be ${kind.expected}, not ${shownValue(node)}`);
        return undefined;
      }
      if (parsed >= least && parsed <= Number.MAX_SAFE_INTEGER) return parsed;
      const limit = parsed < least ? `at least ${leastText}` : 'smaller';
      context.problems.error(node.offset, `${where} must be ${limit}, not ${shownValue(node)}`);
      return undefined;
    },
    jsonSchema: (): JsonSchema => ({
      type: 'string',
      pattern: `^\\s*\\d+(\\.\\d+)?\\s*(${kind.units})\\s*$|${VARIABLE}`,
    }),
  };
}

/** In whole microseconds. */
export function duration(leastUs: number, leastText: string): Spec<number> {
  return quantity(DURATION, leastUs, leastText);
}

/** In whole bytes. */
export function size(leastBytes: number, leastText: string): Spec<number> {
  return quantity(SIZE, leastBytes, leastText);
}

/** In hertz, above zero. */
export function rate(): Spec<number> {
  return quantity(RATE, 1e-6, '0.000001Hz');
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT` in its parts, or null. */
export function parseAddress(value: string): Address | null {
  const match = /^(?:\[([^\]]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(value);
  if (!match || (match[1] !== undefined && !isIPv6(match[1])) || Number(match[3]) > 65535) return null;
  return { host: match[1] ?? match[2]!, port: Number(match[3]) };
}

/** `HOST:PORT`, or `off` (null). Port 0 takes any that is free. */
export function address(): Spec<Address | null> {
  const expected = 'HOST:PORT such as 127.0.0.1:1883, or off';
  return {
    typeText: '`HOST:PORT` or `off`',
    check(node, where, context) {
      if (node.kind === 'scalar' && typeof node.value === 'number') {
        context.problems.error(node.offset, `${where} must be ${expected}; write 127.0.0.1:${node.shown}`);
        return undefined;
      }
      const value = checkText(node, where, expected, context);
      if (value === undefined) return undefined;
      if (value === 'off') return null;
      const parsed = parseAddress(value);
      if (parsed) return parsed;
      const bare = isIPv6(value.replace(/:\d+$/, ''));
      const hint = bare ? '; put an IPv6 address in brackets and quotes: "[::1]:1883"' : '';
      context.problems.error(node.offset, `${where} must be ${expected}, not ${shownValue(node)}${hint}`);
      return undefined;
    },
    jsonSchema: () => ({ type: 'string', pattern: `^off$|:\\d{1,5}$|${VARIABLE}` }),
  };
}
