/**
 * The candidate nearest to `word`, when it is near enough to be what was meant: equal but for case and separators, or
 * at most a third of its letters away.
 */
export function suggest(word: string, candidates: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance =
      plainForm(word) === plainForm(candidate)
        ? 0
        : editDistance(word.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean "X"?`, or what there is to choose from, or nothing. */
export function suggestion(word: string, candidates: readonly string[], others = ''): string {
  const near = suggest(word, candidates);
  if (near !== null) return `; did you mean "${near}"?`;
  return others && candidates.length > 0 ? `; ${others}: ${candidates.join(', ')}` : '';
}

function plainForm(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, '');
}

/**
 * Optimal string alignment distance (insert, delete, replace, swap of neighbours), cut off at `limit`.
 * Boytsov, "Indexing methods for approximate dictionary searching", 2011.
 */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        value = Math.min(value, beforeLast[j - 2]! + 1);
      }
      row.push(value);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
