import { StreamPattern } from '../../core/stream-pattern.js';

type Tags = Readonly<Record<string, string>>;

/** Whether no other stream has the measurement and the captures of this one. */
export type IsTold = (stream: string, captures: Tags) => boolean;

/**
 * Tells whether measurement and captures of a stream are those of no other stream, so that rows of two streams never are
 * one series. They are when a pattern without `+` and `#` names the stream, and no other such pattern makes another
 * stream of the same captures, with the same measurement. Outputs of processors, which no pattern names, are not told.
 * `patterns` are all that give captures; the answer depends on nothing else.
 */
export function toldStreams(patterns: readonly string[], measurement: string | null): IsTold {
  if (measurement?.includes('{stream}')) return () => true;
  const closed = patterns
    .filter((text) => !text.split('/').some((level) => level === '+' || level === '#'))
    .map((text) => new StreamPattern(text));
  const byLastLevel = measurement === null;
  return (stream, captures) => {
    if (!closed.some((pattern) => pattern.matches(stream))) return false;
    return closed.every((pattern) => {
      if (!pattern.captures.every((name) => Object.hasOwn(captures, name))) return true;
      const other = pattern.text.replaceAll(/\{(\w+)\}/g, (_, name: string) => captures[name]!);
      return other === stream || (byLastLevel && lastLevel(other) !== lastLevel(stream));
    });
  };
}

function lastLevel(stream: string): string {
  return stream.slice(stream.lastIndexOf('/') + 1);
}
