import { isAnyLevel } from './overlap.js';

/** Whether one pattern matches all streams that the other matches. */
export function covers(pattern: string, other: string): boolean {
  const [one, two] = [pattern.split('/'), other.split('/')];
  for (let i = 0; ; i++) {
    if (one[i] === '#') return true;
    if (one[i] === undefined || two[i] === undefined) return one[i] === two[i];
    // `+/#` names all streams, as `#` does: no name is without a level.
    if (two[i] === '#') return i === 0 && isAnyLevel(one[0]!) && one[1] === '#';
    if (!isAnyLevel(one[i]!) && one[i] !== two[i]) return false;
  }
}
