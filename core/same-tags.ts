type Tags = Readonly<Record<string, string>>;

/** Whether both hold the same tags, in whatever order. */
export function sameTags(a: Tags, b: Tags): boolean {
  if (a === b) return true;
  let count = 0;
  for (const name in b) {
    if (a[name] !== b[name]) return false;
    count++;
  }
  return Object.keys(a).length === count;
}
