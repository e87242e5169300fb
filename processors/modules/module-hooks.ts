import { existsSync, readFileSync } from 'node:fs';
import type { LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * Hooks for users' modules (nodejs.org/api/module.html, customization hooks). They run in a thread of their own, once for
 * each thread that loads modules, and leave alone what is none of theirs:
 *
 * - `.ts` and `.mts` files are transpiled, with the source map inside, so that stacks and breakpoints have their lines;
 * - an import of `./x.js` in such a file finds `x.ts`, as the compiler does;
 * - `pitwall` is this package, wherever the module stands, so that it meets the classes that are running;
 * - a `.js` file of import and export, in a folder whose package.json says nothing, is a module (Node before 20.19 takes it
 *   for CommonJS).
 */
export const resolve: ResolveHook = (specifier, context, next) => {
  if (specifier === 'pitwall' || specifier.startsWith('pitwall/')) {
    return next(specifier, { ...context, parentURL: import.meta.url });
  }
  return next(typedTwin(specifier, context.parentURL) ?? specifier, context);
};

export const load: LoadHook = async (url, context, next) => {
  if (isTyped(url)) return { format: 'module', source: await transpile(url), shortCircuit: true };
  if (context.format === 'commonjs' && isUntoldModule(url)) return next(url, { ...context, format: 'module' });
  return next(url, context);
};

function isTyped(url: string | undefined): url is string {
  return url?.startsWith('file:') === true && /\.m?ts$/.test(url);
}

/** What `./x.js` means in a TypeScript file, where `x.ts` is there; else null. */
function typedTwin(specifier: string, parent: string | undefined): string | null {
  if (!isTyped(parent) || !/^(\.{1,2}\/|\/|file:).*\.m?js$/.test(specifier)) return null;
  const twin = new URL(specifier.replace(/js$/, 'ts'), parent);
  return existsSync(fileURLToPath(twin)) ? twin.href : null;
}

/** Not by esbuild's service, which would stay: a module is loaded once. */
async function transpile(url: string): Promise<string> {
  const { transformSync } = await import('esbuild');
  const source = readFileSync(fileURLToPath(url), 'utf8');
  try {
    const { code } = transformSync(source, {
      loader: 'ts',
      format: 'esm',
      target: 'node20',
      sourcemap: 'inline',
      sourcefile: url,
      logLevel: 'silent',
    });
    return code;
  } catch (error) {
    // Its place is found by who loads the module (see module-fault.ts); errors cross threads as their text.
    throw new SyntaxError((error as Error).message);
  }
}

function isUntoldModule(url: string): boolean {
  if (!url.startsWith('file:') || !url.endsWith('.js') || url.includes('/node_modules/')) return false;
  if (packageSaysType(new URL('./', url))) return false;
  return /^\s*(import|export)[\s{*'"]/m.test(readFileSync(fileURLToPath(url), 'utf8'));
}

function packageSaysType(folder: URL): boolean {
  const manifest = new URL('package.json', folder);
  if (existsSync(manifest)) return Object.hasOwn(JSON.parse(readFileSync(manifest, 'utf8')), 'type');
  const parent = new URL('../', folder);
  return parent.href !== folder.href && packageSaysType(parent);
}
