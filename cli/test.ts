import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CaseFile, readCaseFile } from '../pipeline/cases/case-file.js';
import { checkCase } from '../pipeline/cases/check-case.js';
import type { Config } from '../pipeline/config/config.js';
import { ConfigError } from '../pipeline/config/problems.js';
import { loadFunctions } from '../processors/functions/load-functions.js';
import { CONFIG_OPTION, type Command, EXIT, type Io, usageError } from './command.js';
import { readChecked } from './read-checked.js';

const ENDING = '.test.yaml';

export const command: Command = {
  name: 'test',
  summary: 'run the cases beside the configuration: rows in, rows out, no server, no disk',
  usage: '[-c FILE] [FILE...]',
  options: { config: CONFIG_OPTION },
  positionals: true,
  help: `FILE is a file of cases; without one, all *${ENDING} in the folder of the configuration. Time is virtual: a case
says when rows were measured and how much time passes. Exit code 1 when a case fails, 78 when a file is wrong.
  pitwall test
  pitwall test -c race/pitwall.yaml race/joins${ENDING}
For editors: pitwall schema --test > pitwall-test.schema.json (see docs/testing.md)`,
  async run(args, io) {
    const { config, file } = await readChecked(args, io);
    const names = args.positionals.length > 0 ? args.positionals : filesBeside(file);
    const functions = await loadFunctions(config.processors.map(({ plan }) => plan));
    const files = names.map((name) => readCaseFile(name, config, functions, io.env));
    const counts = { passed: 0, failed: 0 };
    for (const each of files) if (!each.problems.hasErrors) await runFile(each, config, io, counts);
    for (const { file: name, problems } of files) {
      if (problems.hasErrors) io.stderr.write(`${new ConfigError(name, problems.list()).message}\n`);
    }
    io.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
    if (files.some(({ problems }) => problems.hasErrors)) return EXIT.configuration;
    return counts.failed > 0 ? EXIT.failure : EXIT.ok;
  },
};

function filesBeside(file: string): string[] {
  const folder = dirname(file);
  const found = readdirSync(folder).filter((name) => name.endsWith(ENDING));
  if (found.length > 0) return found.sort().map((name) => join(folder, name));
  throw usageError(`there is no *${ENDING} beside ${file}; write one, or name the files of cases`);
}

async function runFile(
  { file, cases, problems }: CaseFile,
  config: Config,
  { stdout }: Io,
  counts: { passed: number; failed: number },
): Promise<void> {
  stdout.write(`${file}\n`);
  for (const one of cases) {
    const result = await checkCase(one, config, problems);
    if (result === null) {
      stdout.write(`  ? ${one.name}\n`);
      continue;
    }
    const { failure, warnings } = result;
    counts[failure ? 'failed' : 'passed']++;
    if (failure === null) {
      stdout.write(`  ✓ ${one.name}\n`);
      continue;
    }
    const { line } = problems.placeOf(one.offset);
    stdout.write(`  ✗ ${one.name} (${file}:${line})\n`);
    const lines = [failure.message, ...failure.table, ...warnings.map((warning) => `warning: ${warning}`)];
    stdout.write(lines.map((text) => `      ${text}\n`).join(''));
  }
}
