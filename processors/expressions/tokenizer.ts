import { refuse } from './fault.js';

export type TokenKind = 'number' | 'text' | 'name' | 'quoted' | 'word' | 'sign' | 'end';

export interface Token {
  kind: TokenKind;
  /** The name, the text without its quotes, the sign, or the number as written. */
  value: string;
  at: number;
  length: number;
}

/** Words with a meaning of their own; a column of such a name is written in backticks. */
export const WORDS = ['and', 'or', 'not', 'is', 'in', 'null', 'true', 'false'] as const;

const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const NAME = /[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}\p{N}_]+)*/uy;
const SIGNS = ['==', '!=', '<>', '<=', '>=', '+', '-', '*', '/', '%', '^', '=', '<', '>', '(', ')', ','];
const FOREIGN: Record<string, string> = { '&&': 'and', '||': 'or', '!': 'not', '**': '^', '&': 'and', '|': 'or' };

export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const c = text[at]!;
    if (/\s/.test(c)) {
      at++;
      continue;
    }
    const token = numberAt(text, at) ?? nameAt(text, at) ?? quotedAt(text, at) ?? signAt(text, at);
    tokens.push(token);
    at += token.length;
  }
  tokens.push({ kind: 'end', value: '', at: text.length, length: 0 });
  return tokens;
}

function numberAt(text: string, at: number): Token | null {
  const value = matchAt(NUMBER, text, at);
  if (value === null) return null;
  const after = matchAt(NAME, text, at + value.length);
  if (after !== null) {
    refuse(
      at,
      value.length + after.length,
      `"${value}${after}" is neither a number nor a name; units are not part of expressions`,
      value,
    );
  }
  return { kind: 'number', value, at, length: value.length };
}

function nameAt(text: string, at: number): Token | null {
  const value = matchAt(NAME, text, at);
  if (value === null) return null;
  const lower = value.toLowerCase();
  const word = (WORDS as readonly string[]).includes(lower) && (value === lower || value === value.toUpperCase());
  return { kind: word ? 'word' : 'name', value: word ? lower : value, at, length: value.length };
}

/** A text in single or double quotes, or a name in backticks; the quote itself is written twice. */
function quotedAt(text: string, at: number): Token | null {
  const quote = text[at]!;
  if (quote !== "'" && quote !== '"' && quote !== '`') return null;
  let value = '';
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] !== quote) {
      value += text[i];
      continue;
    }
    if (text[i + 1] === quote) {
      value += quote;
      i++;
      continue;
    }
    if (quote === '`' && value === '') refuse(at, 2, 'a name in backticks is empty');
    return { kind: quote === '`' ? 'quoted' : 'text', value, at, length: i + 1 - at };
  }
  return refuse(at, text.length - at, `the ${quote} opened here is never closed`);
}

function signAt(text: string, at: number): Token {
  for (const foreign of ['&&', '||', '**']) {
    if (text.startsWith(foreign, at))
      refuse(at, 2, `"${foreign}" is written ${FOREIGN[foreign]} here`, FOREIGN[foreign]);
  }
  for (const sign of SIGNS) {
    if (text.startsWith(sign, at)) return { kind: 'sign', value: sign, at, length: sign.length };
  }
  const c = String.fromCodePoint(text.codePointAt(at)!);
  const instead = FOREIGN[c] ?? null;
  if (instead) refuse(at, 1, `"${c}" is written ${instead} here`, instead);
  return refuse(at, c.length, `"${c}" has no meaning here; names with other characters stand in backticks`);
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}
