import { PitwallError } from '../../core/errors.js';
import { suggestion } from '../../core/suggest.js';
import { parseDurationUs } from '../../core/units.js';
import { ExpressionText } from './expression-text.js';

/** A span of time, written as in the YAML or in whole microseconds. */
export type Duration = `${number}${'us' | 'ms' | 's' | 'm' | 'h' | 'd'}` | { us: number };

/** Reads the arguments of one verb; what is wrong is thrown as `bad-configuration` that names the verb. */
export class Arguments {
  constructor(private readonly verb: string) {}

  fail(what: string): never {
    throw new PitwallError('bad-configuration', `${this.verb}: ${what}`, { stage: 'configuration' });
  }

  /** Keys and their values; keys that are not known are refused. Nothing counts as no keys. */
  options(given: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
    if (given === undefined) return {};
    const options = this.object(given, `options such as { ${known[0]}: … }`);
    for (const name of Object.keys(options)) {
      if (!known.includes(name)) this.fail(`there is no option ${name}${suggestion(name, known, 'options')}`);
    }
    return options;
  }

  object(given: unknown, expected: string): Readonly<Record<string, unknown>> {
    const isPlain = typeof given === 'object' && given !== null && !Array.isArray(given);
    if (!isPlain || given instanceof ExpressionText) this.fail(`takes ${expected}, not ${shown(given)}`);
    return given as Record<string, unknown>;
  }

  /** In whole microseconds. */
  durationUs(given: unknown, name: string, least = 0): number {
    if (given === undefined) return this.fail(`${name} is missing; write a duration such as '5s'`);
    const us = typeof given === 'string' ? this.parseUs(given, name) : (given as { us?: unknown } | null)?.us;
    if (!Number.isSafeInteger(us)) {
      this.fail(`${name} takes a duration such as '250ms', '5s' or { us: 1500 }, not ${shown(given)}`);
    }
    if ((us as number) < least) this.fail(`${name} must be ${least === 0 ? 'positive or 0' : 'longer than 0'}`);
    return us as number;
  }

  durationUsOr<F extends number | null>(given: unknown, name: string, fallback: F, least = 0): number | F {
    return given === undefined ? fallback : this.durationUs(given, name, least);
  }

  /** The same, with a minus for before. */
  signedDurationUs(given: unknown, name: string): number {
    const us = (given as { us?: unknown } | null)?.us;
    // Not -0, which a plan does not keep as such.
    if (typeof us === 'number' && us < 0) return 0 - this.durationUs({ us: -us }, name);
    if (typeof given !== 'string' || !given.startsWith('-')) return this.durationUs(given, name);
    return 0 - this.durationUs(given.slice(1), name);
  }

  private parseUs(text: string, name: string): number {
    try {
      return parseDurationUs(text);
    } catch (error) {
      return this.fail(`${name}: ${(error as Error).message}`);
    }
  }

  choice<W extends string>(given: unknown, name: string, words: readonly W[], fallback: W): W {
    if (given === undefined) return fallback;
    if (words.includes(given as W)) return given as W;
    const near = typeof given === 'string' ? suggestion(given, words) : '';
    return this.fail(`${name} must be ${listed(words)}, not ${shown(given)}${near}`);
  }

  text(given: unknown, name: string, fallback?: string): string {
    if (given === undefined && fallback !== undefined) return fallback;
    if (typeof given !== 'string') this.fail(`${name} takes a text, not ${shown(given)}`);
    return given;
  }

  wholeNumber(given: unknown, name: string, least: number): number {
    if (Number.isSafeInteger(given) && (given as number) >= least) return given as number;
    return this.fail(`${name} takes a whole number from ${least}, not ${shown(given)}`);
  }

  /** Names of columns, given one by one. */
  names(given: readonly unknown[]): string[] {
    if (given.length === 0) this.fail('takes at least one column');
    return given.map((name) =>
      typeof name === 'string' ? name : this.fail(`takes names of columns, not ${shown(name)}`),
    );
  }

  /** An expression, built or written, as its text. */
  expression(given: unknown, example: string): string {
    if (given instanceof ExpressionText) return given.text;
    return typeof given === 'string' ? given : this.fail(`takes an expression such as ${example}, not ${shown(given)}`);
  }

  /** Named expressions as their texts. */
  expressions(given: unknown, example: string): Record<string, string> {
    const named = Object.entries(this.object(given, example));
    if (named.length === 0) this.fail(`names no column; it takes ${example}`);
    return Object.fromEntries(named.map(([name, each]) => [name, this.expression(each, example)]));
  }
}

function listed(words: readonly string[]): string {
  return words.length > 1 ? `${words.slice(0, -1).join(', ')} or ${words.at(-1)}` : words[0]!;
}

function shown(value: unknown): string {
  if (value instanceof ExpressionText) return `the expression ${value.text}`;
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return `"${value}"`;
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}
