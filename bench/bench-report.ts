import type { BenchResults, CaseResult } from './bench-results.js';
import { shown, words } from './bench-table.js';

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2430; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; width: 100%; } td, th { padding: .25rem .6rem; border-bottom: 1px solid #dde3ea; text-align: left; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } .bad { color: #b3261e; font-weight: 600; }
svg { display: block; margin: .6rem 0 1rem; } svg text { font: 12px system-ui, sans-serif; fill: #1c2430; }
.bar { fill: #2f6fdb; } .limit { fill: #c9d3e0; } .run { fill: #0d2f6b; }`;

/** A page of its own, without anything loaded from elsewhere: tables, and each rate beside its limits. */
export function benchReport({ machine, commit, quick, startedAt, cases }: BenchResults): string {
  const names = [...new Set(cases.map(({ name }) => name))];
  const sections = names.map((name) => {
    const own = cases.filter((result) => result.name === name);
    const plots = own.filter(({ unit, limits }) => unit.endsWith('/s') && Object.keys(limits).length > 0).map(plot);
    return `<h2>${escaped(name)}</h2>\n${plots.join('\n')}\n${table(own)}`;
  });
  const where = `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Pitwall benchmark</title><style>${STYLE}</style></head><body>
<h1>Pitwall benchmark</h1>
<p>${escaped(where)}<br>commit ${escaped(commit)}, ${escaped(startedAt)}${quick ? '<br><b>quick run: its numbers mean little</b>' : ''}</p>
${sections.join('\n')}
</body></html>
`;
}

function table(results: readonly CaseResult[]): string {
  const rows = results.map(({ metric, median, min, max, unit, limits }) => {
    const bounds = Object.entries(limits).map(([name, bound]) => `${words(name)} ${shown(bound)}`);
    const isBad = limits.most !== undefined && max > limits.most;
    const cells = [median, min, max].map((value) => `<td class="n">${shown(value)}</td>`).join('');
    return `<tr${isBad ? ' class="bad"' : ''}><td>${escaped(metric)}</td>${cells}<td>${escaped(unit)}</td><td>${escaped(bounds.join('; '))}</td></tr>`;
  });
  return `<table><tr><th>metric</th><th class="n">median</th><th class="n">min</th><th class="n">max</th><th>unit</th><th>limits</th></tr>
${rows.join('\n')}</table>`;
}

/** Bars of one scale: the median with a mark for each run, and every limit. */
function plot({ metric, unit, median, runs, limits }: CaseResult): string {
  const bars: [label: string, value: number, kind: string][] = [[metric, median, 'bar']];
  for (const [name, bound] of Object.entries(limits)) bars.push([words(name), bound, 'limit']);
  const most = Math.max(...bars.map(([, value]) => value), ...runs, 1e-9);
  const x = (value: number) => 190 + (value / most) * 480;
  const rows = bars.map(([label, value, kind], i) => {
    const y = i * 24;
    const marks =
      kind === 'bar'
        ? runs.map((run) => `<rect class="run" x="${(x(run) - 1).toFixed(1)}" y="${y + 2}" width="2" height="16"/>`)
        : [];
    return `<text x="182" y="${y + 15}" text-anchor="end">${escaped(label)}</text><rect class="${kind}" x="190" y="${y + 3}" width="${(x(value) - 190).toFixed(1)}" height="14"/>${marks.join('')}<text x="${(x(value) + 6).toFixed(1)}" y="${y + 15}">${shown(value)} ${escaped(unit)}</text>`;
  });
  return `<svg width="860" height="${bars.length * 24 + 4}" role="img" aria-label="${escaped(metric)}">${rows.join('')}</svg>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
