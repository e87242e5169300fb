import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pages, renewed, root } from './generated-parts.js';

/** `npm run docs`: writes the generated parts of all pages anew, and names the pages that were stale. */
for (const page of pages()) {
  const text = readFileSync(join(root, page), 'utf8');
  const fresh = renewed(text);
  if (fresh === text) continue;
  writeFileSync(join(root, page), fresh);
  process.stdout.write(`${page}\n`);
}
