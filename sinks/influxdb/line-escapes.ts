/**
 * Names and texts of the line protocol, after its grammar (influxdata/line-protocol, `line-protocol.ebnf`) and what
 * InfluxDB 1 and 2 read of it (`models/points.go`).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f]/g;

/**
 * A measurement, key or tag value as it can be stored. What lines have no room for is spelt out:
 * - control characters as JSON writes them (`\n`, `\u0000`), with that backslash;
 * - a backslash at the end, which would escape what follows the name, gets `_` behind it, and so does one before a comma,
 *   blank, equals sign or quote, which InfluxDB 1 and 2 take together with that character or its escape;
 * - half a surrogate pair, which UTF-8 does not have, as U+FFFD.
 */
export function storableName(name: string): string {
  const text = name.replaceAll(CONTROL, (c) => (c === '\u007f' ? '\\u007f' : JSON.stringify(c).slice(1, -1)));
  return Buffer.from(text.replaceAll(/\\(?=[, ="]|$)/g, '\\_')).toString();
}

/**
 * A storable name, not empty, as it is written. Its own backslashes stand before nothing that is escaped, so
 * they are not doubled. A `#` at the start, which would make the line a comment, gets a backslash that is stored.
 */
export function measurementText(name: string): string {
  const text = name.replaceAll(/[, ]/g, '\\$&');
  return text.startsWith('#') ? `\\${text}` : text;
}

/** A tag key, tag value or field key, storable and not empty, as it is written. */
export function keyText(name: string): string {
  return name.replaceAll(/[, =]/g, '\\$&');
}

/** The value of a string field, in quotes. It may hold anything, a line end too. */
export function quotedText(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
