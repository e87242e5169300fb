import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { pages, root } from './generated-parts.js';

const LINK = /\]\(([^)\s:#]*)(?:#([^)\s]+))?\)/g;

/** The page without its code, where brackets are none of Markdown's. */
function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8')
    .replaceAll(/^```[\s\S]*?^```$/gm, '')
    .replaceAll(/`[^`\n]*`/g, (code) => (code.includes('](') ? '' : code));
}

/** What headings are called in links, as GitHub makes it of them. */
function anchorsOf(page: string): Set<string> {
  const headings = textOf(page).matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, title]) =>
      title!
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

test('Links between pages lead to files and headings that are there.', () => {
  const others = readdirSync(root).filter((name) => name.endsWith('.md') && name !== 'README.md');
  const wrong: string[] = [];
  let links = 0;
  for (const page of [...pages(), ...others]) {
    for (const [link, path, anchor] of textOf(page).matchAll(LINK)) {
      links++;
      const target = path === '' ? page : normalize(join(dirname(page), path!));
      const isThere = existsSync(join(root, target));
      const isPage = isThere && statSync(join(root, target)).isFile();
      if (!isThere || (anchor !== undefined && !(isPage && anchorsOf(target).has(anchor))))
        wrong.push(`${page}: ${link}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(links > 50, `${links} links`);
});
