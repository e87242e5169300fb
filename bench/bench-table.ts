import type { BenchResults, CaseResult } from './bench-results.js';

/** The results as text for a terminal: a block a case, a line a metric, its limits behind it. */
export function benchTable({ machine, commit, quick, cases }: BenchResults): string {
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}, commit ${commit}`,
  ];
  if (quick) lines.push('quick run: shows that the cases run and lose nothing; its numbers mean little');
  const width = Math.max(0, ...cases.map(({ metric }) => metric.length));
  let name = '';
  for (const result of cases) {
    if (result.name !== name) lines.push('', (name = result.name));
    const { metric, unit, median, min, max, runs } = result;
    const spread = runs.length > 1 ? `  (${shown(min)} .. ${shown(max)})` : '';
    lines.push(`  ${metric.padEnd(width)}  ${shown(median).padStart(13)} ${unit}${spread}${limitsText(result)}`);
  }
  return `${lines.join('\n')}\n`;
}

function limitsText({ limits, median, unit }: CaseResult): string {
  const parts = Object.entries(limits).map(([name, bound]) => {
    const share = unit.endsWith('/s') && bound > 0 ? `, ${Math.round((median / bound) * 100)} %` : '';
    return `${words(name)} ${shown(bound)}${share}`;
  });
  return parts.length > 0 ? `  [${parts.join('; ')}]` : '';
}

/** `diskCeiling` as `disk ceiling`. */
export function words(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** Four digits that matter, thousands apart; whole counts in full. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  const digits = size >= 1000 || Number.isInteger(value) ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 3;
  return value.toFixed(digits).replaceAll(/\B(?=(\d{3})+$)/g, size >= 1000 ? ',' : '');
}
