import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './generated-parts.js';

/** Blocks of code of a page in one language, or of a section of it. */
export function codeBlocks(page: string, language: string, section?: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  const part = section === undefined ? text : sectionOf(text, section);
  return [...part.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, code]) => code!);
}

function sectionOf(text: string, title: string): string {
  const found = new RegExp(`^## ${title}\\n[\\s\\S]*?(?=^## |(?![\\s\\S]))`, 'm').exec(text);
  if (!found) throw new Error(`there is no section ${title}`);
  return found[0];
}
