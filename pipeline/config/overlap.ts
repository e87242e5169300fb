/** Whether some stream can match both patterns. Captures and `+` stand for any one level, `#` for any rest, also none. */
export function overlap(a: string, b: string): boolean {
  const left = a.split('/');
  const right = b.split('/');
  for (let i = 0; ; i++) {
    const l = left[i];
    const r = right[i];
    if (l === '#' || r === '#') return true;
    if (l === undefined || r === undefined) return l === r;
    if (!isAny(l) && !isAny(r) && l !== r) return false;
  }
}

function isAny(level: string): boolean {
  return level === '+' || level.startsWith('{');
}
