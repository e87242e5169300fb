import { readdirSync } from 'node:fs';
import { type CaseFile, caseFileOf } from '../../../pipeline/cases/case-file.js';
import { type CaseResult, checkCase } from '../../../pipeline/cases/check-case.js';
import type { Config } from '../../../pipeline/config/config.js';
import { formatProblem } from '../../../pipeline/config/problems.js';
import { readConfigBytes } from '../../../pipeline/config/read-config.js';
import { documentOf } from '../../../pipeline/config/read-document.js';
import type { Functions } from '../../../processors/functions/load-functions.js';

export function configOf(text: string): Config {
  const { config, problems } = readConfigBytes('/race/pitwall.yaml', Buffer.from(text), {});
  if (!config) throw new Error(problems.map(({ message }) => message).join('\n'));
  // None of them names a module.
  return config as Config;
}

export function caseFile(text: string, config: Config, functions?: Functions): CaseFile {
  return caseFileOf(documentOf('/race/x.test.yaml', Buffer.from(text), {}), config, functions);
}

/** Runs all cases of a text: what came of each, and the problems of the file as `LINE:COLUMN: message`. */
export async function runCases(
  text: string,
  config: Config,
  functions?: Functions,
): Promise<{ results: (CaseResult | null)[]; problems: string[] }> {
  const { cases, problems } = caseFile(text, config, functions);
  const results: (CaseResult | null)[] = [];
  if (!problems.hasErrors) for (const one of cases) results.push(await checkCase(one, config, problems));
  return { results, problems: problems.list().map((problem) => formatProblem('x', problem).slice(2)) };
}

export function caseFilesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.yaml'));
}
