import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configReference, type SinkType, sinkReference } from '../../pipeline/config/config-reference.js';
import { sinkTypes } from '../../pipeline/config/sinks/sink-types.js';

/**
 * Parts of pages that are made from what they describe, between `<!-- NAME: begin -->` and `<!-- NAME: end -->`:
 *
 * - `reference`: all keys of the configuration.
 * - `options of TYPE`: those of a type of sink.
 * - The path of a file, which stands there as a block of code.
 */
const PART = /^<!-- (.+): begin -->\n([\s\S]*?)^<!-- \1: end -->$/gm;

const LANGUAGES: Readonly<Record<string, string>> = { '.ts': 'ts', '.mjs': 'js' };

export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Pages that may have such parts. */
export function pages(): string[] {
  const below = (folder: string) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name));
  return ['README.md', ...['docs', 'examples', 'sinks'].flatMap(below)];
}

/** Names of a page's parts. */
export function partsOf(page: string): string[] {
  return [...page.matchAll(PART)].map(([, name]) => name!);
}

/** The page with all of its parts as they should be. */
export function renewed(page: string): string {
  return page.replaceAll(PART, (_, name: string) => `<!-- ${name}: begin -->\n${made(name)}\n<!-- ${name}: end -->`);
}

function made(name: string): string {
  if (name === 'reference') return configReference();
  const type = /^options of (\w+)$/.exec(name)?.[1];
  if (type === undefined) return `\`\`\`${LANGUAGES[extname(name)]}\n${readFileSync(join(root, name), 'utf8')}\`\`\``;
  if (!Object.hasOwn(sinkTypes, type)) throw new Error(`there is no sink of type ${type}`);
  return sinkReference(type as SinkType);
}
