import { isUtf8 } from 'node:buffer';
import { PitwallError } from '../../core/errors.js';

/**
 * A value that JSON.parse gave, as JSON text that reads back to the very same value: unlike JSON.stringify it keeps
 * negative zero, and numbers beyond the range of a double (which JSON.parse makes infinite) stay beyond it.
 * The caller has bounded the depth.
 */
export function jsonText(value: unknown): string {
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return '-0';
    if (Number.isFinite(value)) return String(value);
    return value > 0 ? '1e999' : '-1e999';
  }
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.keys(value)
      .map((key) => `${JSON.stringify(key)}:${jsonText((value as Record<string, unknown>)[key])}`)
      .join(',')}}`;
  }
  return JSON.stringify(value);
}

/** A cell in a message for people: its JSON text, at most 200 characters. */
export function shortText(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, 200)) : jsonText(value);
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}

/** The value of a JSON payload. Throws `bad-payload` with a reason for people. */
export function parseJson(payload: Buffer): unknown {
  if (payload.length === 0) throw refuse('is empty');
  if (payload.length >= 3 && payload[0] === 0xef && payload[1] === 0xbb && payload[2] === 0xbf) {
    throw refuse('starts with a byte order mark: JSON is sent without one');
  }
  if (!isUtf8(payload)) throw refuse('is not valid UTF-8');
  const text = payload.toString('utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refuse(faultOf(text, cause as Error));
  }
}

function faultOf(text: string, cause: Error): string {
  if (text.trim() === '') return 'holds only white space';
  const token = foreignToken(text);
  if (token !== null) {
    return `holds ${token.word} at character ${token.at}, which JSON does not have: send null for a missing value`;
  }
  const where = /position (\d+)/.exec(cause.message)?.[1];
  if (/unexpected end|unterminated/i.test(cause.message) || Number(where) >= text.length) {
    return `is no JSON: it ends after ${text.length} characters, before its value does; was it cut off?`;
  }
  return `is no JSON: ${cause.message.slice(0, 160)}`;
}

/** The first NaN or Infinity outside a text, however it is spelt. */
function foreignToken(text: string): { word: string; at: number } | null {
  const word = /[-+]?(?:nan|inf(?:inity)?)\b/iy;
  let inText = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (inText) {
      if (c === '\\') i++;
      else if (c === '"') inText = false;
      continue;
    }
    if (c === '"') inText = true;
    else if ('-+nNiI'.includes(c)) {
      word.lastIndex = i;
      const match = word.exec(text);
      if (match !== null) return { word: match[0], at: i };
    }
  }
  return null;
}

function refuse(why: string): PitwallError {
  return new PitwallError('bad-payload', `the payload ${why}`, { stage: 'decode' });
}
