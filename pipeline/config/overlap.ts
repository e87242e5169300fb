/** Whether some stream can match both patterns. Captures and `+` stand for any one level, `#` for any rest, also none. */
export function overlap(a: string, b: string): boolean {
  const left = a.split('/');
  const right = b.split('/');
  for (let i = 0; ; i++) {
    const l = left[i];
    const r = right[i];
    if (l === '#' || r === '#') return true;
    if (l === undefined || r === undefined) return l === r;
    if (!isAnyLevel(l) && !isAnyLevel(r) && l !== r) return false;
  }
}

/** Whether a level of a pattern stands for any one level of a name. */
export function isAnyLevel(level: string): boolean {
  return level === '+' || level.startsWith('{');
}
