import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { benchReport } from '../bench/bench-report.js';
import { faultsOf } from '../bench/bench-results.js';
import { benchTable } from '../bench/bench-table.js';
import { BENCH_CASES, PEER_CASES, runBench } from '../bench/run-bench.js';
import { type Command, EXIT, usageError } from './command.js';
import { wholeNumber } from './load/load-options.js';

export const command: Command = {
  name: 'bench',
  summary: 'run the benchmark',
  usage: '[CASE...] [--runs N] [--quick] [--json FILE] [--report FILE.html]',
  positionals: true,
  options: {
    runs: {
      type: 'string',
      value: 'N',
      doc: 'runs of each case; the table shows the median (default: 3, with --quick 1)',
    },
    quick: { type: 'boolean', doc: 'a few seconds a case: shows that all run and lose nothing' },
    json: { type: 'string', value: 'FILE', doc: 'write the results as JSON' },
    report: { type: 'string', value: 'FILE', doc: 'write the results as an HTML page with plots' },
    dir: {
      type: 'string',
      value: 'FOLDER',
      doc: 'a folder on the disk to measure (default: the system’s temporary folder)',
    },
  },
  help: `Cases:
${BENCH_CASES.map(({ name, summary }) => `  ${name.padEnd(18)}${summary}`).join('\n')}
By name only:
${PEER_CASES.map(({ name, summary }) => `  ${name.padEnd(18)}${summary}`).join('\n')}
Progress goes to stderr, the table to stdout. Exit code 1 when a row was lost or stored twice. It needs Linux (/proc).
  pitwall bench mqtt-qos1 --runs 5 --json results.json`,
  async run({ values, positionals }, io) {
    if (process.platform !== 'linux')
      throw usageError('bench reads memory and CPU time from /proc, which only Linux has');
    const runs = values.runs === undefined ? (values.quick ? 1 : 3) : wholeNumber(values.runs, '--runs', 1, 100);
    const stop = new AbortController();
    const onSignal = () => stop.abort(new Error('the benchmark was ended before it was done'));
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    try {
      const results = await runBench({
        names: positionals,
        runs,
        quick: values.quick === true,
        dir: values.dir === undefined ? null : resolve(String(values.dir)),
        log: (line) => io.stderr.write(`${line}\n`),
        signal: stop.signal,
      });
      io.stdout.write(benchTable(results));
      if (values.json !== undefined) write(String(values.json), `${JSON.stringify(results, null, 2)}\n`);
      if (values.report !== undefined) write(String(values.report), benchReport(results));
      const faults = faultsOf(results.cases);
      for (const fault of faults) io.stderr.write(`pitwall bench: ${fault}\n`);
      return faults.length > 0 ? EXIT.failure : EXIT.ok;
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      io.stderr.write('pitwall bench: ended before it was done; nothing is written\n');
      return EXIT.failure;
    } finally {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    }
  },
};

function write(path: string, text: string): void {
  mkdirSync(dirname(resolve(path)), { recursive: true });
  writeFileSync(path, text);
}
