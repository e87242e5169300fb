import { tokenize } from '../expressions/tokenizer.js';

/** Names that the language has a meaning of its own for. */
const TAKEN = ['timeUs', 'pi'];

/** A column in an expression: `timeUs`, the time of the row, and plain names as they are, all else in backticks. */
export function columnText(name: string): string {
  if (name === 'timeUs' || (isPlainName(name) && !TAKEN.includes(name))) return name;
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A constant in an expression; numbers are finite. */
export function literalText(value: unknown): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  return Object.is(value, -0) ? '-0' : String(value);
}

function isPlainName(text: string): boolean {
  try {
    const [token, end] = tokenize(text);
    return token!.kind === 'name' && token!.value === text && end!.kind === 'end';
  } catch {
    return false;
  }
}
