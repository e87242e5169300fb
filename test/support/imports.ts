import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../../', import.meta.url));

const STATIC_FORMS = [
  /^[ \t]*(?:import|export)\s[^'"`;=()]*?\bfrom\s*['"]([^'"\n]+)['"]/gm,
  /^[ \t]*import\s*['"]([^'"\n]+)['"]/gm,
];
const DYNAMIC_FORM = /\bimport\(\s*['"]([^'"\n]+)['"]/g;
/** A file that is started in a thread or process of its own. */
const STARTED_FORM = /\bnew URL\(\s*['"](\.[^'"\n]+\.js)['"], import\.meta\.url\)/g;

/** What a file names in `import … from '…'`, `export … from '…'`, `import '…'` and `import('…')`. */
export function importsOf(text: string): string[] {
  return found(text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, ''), [...STATIC_FORMS, DYNAMIC_FORM]);
}

/** The files and packages that come with a built file, used or not. */
export function loadedWith(file: string): Set<string> {
  return reached(file, STATIC_FORMS);
}

/** The files and packages that a built file may come to load, in whatever thread or process. */
export function reachedFrom(file: string): Set<string> {
  return reached(file, [...STATIC_FORMS, DYNAMIC_FORM, STARTED_FORM]);
}

/** `@scope/name/file` as `@scope/name`. */
export function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function reached(file: string, forms: readonly RegExp[], all = new Set<string>()): Set<string> {
  if (all.has(file)) return all;
  all.add(file);
  for (const specifier of found(readFileSync(join(dist, file), 'utf8'), forms)) {
    if (specifier.startsWith('.')) reached(normalize(join(dirname(file), specifier)), forms, all);
    else all.add(packageOf(specifier));
  }
  return all;
}

function found(text: string, forms: readonly RegExp[]): string[] {
  return forms.flatMap((form) => [...text.matchAll(form)].map((match) => match[1]!));
}
