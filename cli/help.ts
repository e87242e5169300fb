import type { Command, Option } from './command.js';

/** All commands and where they stand. */
export const COMMANDS: Readonly<Record<string, { file: string; summary: string }>> = {
  run: { file: './run.js', summary: 'run the gateway, the processors and the sinks until SIGTERM or SIGINT' },
  check: { file: './check.js', summary: 'check the configuration' },
  test: { file: './test.js', summary: 'run the cases beside the configuration: rows in, rows out' },
  graph: { file: './graph.js', summary: 'draw the flow of the configuration' },
  schema: { file: './schema.js', summary: 'print the JSON Schema of pitwall.yaml, or of files of cases, for editors' },
  simulate: { file: './simulate.js', summary: 'drive a fleet of simulated cars against a gateway' },
  replay: {
    file: './replay.js',
    summary: 'send a recording with its own timing, or run processors again over the bus',
  },
  tap: { file: './tap.js', summary: 'print rows as they pass, as JSON lines' },
  'dead-letters': { file: './dead-letters.js', summary: 'show what was refused, and why' },
  branch: { file: './branch.js', summary: 'pause, resume or rewind one branch' },
  audit: { file: './audit.js', summary: 'count rows accepted, stored, lost and duplicated' },
  bench: { file: './bench.js', summary: 'run the benchmark' },
};

export function overview(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]): [string, string] => [name, summary]);
  return [
    'usage: pitwall COMMAND [OPTIONS]',
    '',
    'commands:',
    ...columns(rows),
    '',
    'pitwall COMMAND --help explains a command; pitwall --version prints the version.',
    'exit codes: 0 done, 1 failure, 2 wrong usage, 78 invalid configuration',
    '',
  ].join('\n');
}

export function commandHelp(command: Command, options: Readonly<Record<string, Option>>): string {
  const rows = Object.entries(options).map(([name, option]): [string, string] => {
    const short = option.short ? `-${option.short}, ` : '    ';
    const value = option.type === 'string' ? ` ${option.value ?? 'TEXT'}` : '';
    const fallback = option.default === undefined || option.default === false ? '' : ` (default: ${option.default})`;
    return [`${short}--${name}${value}`, `${option.doc}${fallback}`];
  });
  return [
    `usage: pitwall ${command.name}${command.usage ? ` ${command.usage}` : ''}`,
    '',
    `${command.summary[0]!.toUpperCase()}${command.summary.slice(1)}.`,
    '',
    'options:',
    ...columns(rows),
    ...(command.help ? ['', command.help.trim()] : []),
    '',
  ].join('\n');
}

function columns(rows: [string, string][]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
