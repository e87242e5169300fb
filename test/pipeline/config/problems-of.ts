import { formatProblem } from '../../../pipeline/config/problems.js';
import { type Reading, readConfigBytes } from '../../../pipeline/config/read-config.js';

/** Reads a text as if it were `pitwall.yaml` of a folder. */
export function readText(text: string, environment: Record<string, string> = {}): Reading {
  return readConfigBytes('/race/pitwall.yaml', Buffer.from(text), environment);
}

/** The problems of a text, as `LINE:COLUMN: message`. */
export function problemsOf(text: string | Uint8Array, environment: Record<string, string> = {}): string[] {
  const { problems } = readConfigBytes('x', typeof text === 'string' ? Buffer.from(text) : text, environment);
  return problems.map((problem) => formatProblem('x', problem).slice(2));
}
