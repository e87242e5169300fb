import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { importsOf, loadedWith, packageOf } from './support/imports.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What each folder may import beside itself. Peers (gateway, bus, processors, sinks, devices) never import one another. */
const COMMON = ['core', 'columnar', 'schemas', 'kafka'];
const PEERS = ['gateway', 'bus', 'processors', 'sinks', 'devices'];
const MAY_IMPORT: Record<string, string[]> = {
  core: [],
  columnar: ['core'],
  schemas: ['core', 'columnar'],
  kafka: ['core'],
  ...Object.fromEntries(PEERS.map((peer) => [peer, COMMON])),
  pipeline: [...COMMON, ...PEERS],
  bench: [...COMMON, ...PEERS, 'pipeline'],
  cli: [...COMMON, ...PEERS, 'pipeline', 'bench'],
};

/** The one folder of each third-party package; tests are apart. */
const PACKAGE_FOLDERS: Record<string, string[]> = {
  'uWebSockets.js': ['gateway/listeners'],
  ws: ['gateway/listeners', 'devices'],
  lmdb: ['bus/log'],
  avsc: ['schemas'],
  kafkajs: ['kafka', 'bench/kafka'],
  'lz4-napi': ['kafka'],
  snappy: ['kafka', 'sinks/parquet'],
  piscina: ['processors'],
  esbuild: ['processors/modules'],
  mqtt: ['devices'],
  yaml: ['pipeline/config'],
  hyparquet: ['sinks/file', 'sinks/parquet', 'bench/sinks'],
  'hyparquet-writer': ['sinks/parquet'],
  '@aws-sdk/client-s3': ['sinks/s3', 'bench/sinks'],
  '@aws-sdk/lib-storage': ['sinks/s3'],
  mongodb: ['sinks/mongodb', 'bench/sinks'],
  influx: ['sinks/influxdb'],
};

const LINES_MAX = 350;

/** What git tracks and what it would: new files count, ignored ones do not. Without git, everything but what is made. */
function ownFiles(): string[] {
  if (existsSync(join(root, '.git'))) {
    const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
      cwd: root,
      encoding: 'utf8',
    });
    return [...new Set(listed.split('\0'))].filter((file) => file !== '' && existsSync(join(root, file)));
  }
  const made = ['node_modules', 'dist', 'data'];
  return readdirSync(root, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .filter((file) => !made.includes(file.split('/')[0]!));
}

const files = ownFiles();
const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
const code = sources.filter((file) => Object.hasOwn(MAY_IMPORT, topOf(file)));
const read = (file: string) => readFileSync(join(root, file), 'utf8');

function topOf(file: string): string {
  return file.split('/')[0]!;
}

test('Reading imports finds every form of them.', () => {
  const text = `import a from 'a';\nimport type {\n  B,\n} from "./b.js";\nexport * from './c.js';\nimport 'd';\nawait import('e');\n// import 'no';\n/* from 'no' */`;
  assert.deepEqual(importsOf(text), ['a', './b.js', './c.js', 'd', 'e']);
  assert.ok(code.length > 50, 'the sources are found');
});

test('Folders import only what lies below them, and peers never one another.', () => {
  const wrong: string[] = [];
  for (const file of code) {
    for (const specifier of importsOf(read(file))) {
      if (!specifier.startsWith('.')) continue;
      const from = topOf(file);
      const to = topOf(normalize(join(dirname(file), specifier)));
      if (to !== from && !MAY_IMPORT[from]!.includes(to)) wrong.push(`${file} imports ${specifier}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('Each third-party package is imported in its one folder, and no others are.', () => {
  const wrong: string[] = [];
  for (const file of code) {
    for (const specifier of importsOf(read(file))) {
      const name = packageOf(specifier);
      if (specifier.startsWith('.') || specifier.startsWith('node:')) continue;
      if (builtinModules.includes(name)) wrong.push(`${file} imports ${specifier} without node:`);
      else if (!PACKAGE_FOLDERS[name]?.some((folder) => file.startsWith(`${folder}/`))) {
        wrong.push(`${file} imports ${specifier}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('A machine that uses no Kafka loads no client of it.', () => {
  const parts = ['cli/run', 'pipeline/embedded-flow', 'sinks/file/file-sink'];
  const lanes = ['lane-worker', 'branch-lane', 'processor-lane', 'log-processor-store'];
  for (const part of [...parts, ...lanes.map((lane) => `pipeline/lanes/${lane}`)]) {
    const loaded = loadedWith(`${part}.js`);
    assert.ok(loaded.size > 1, part);
    assert.deepEqual(
      ['kafkajs', 'snappy', 'lz4-napi'].filter((name) => loaded.has(name)),
      [],
      part,
    );
  }
  assert.ok(loadedWith('pipeline/kafka-flow.js').has('kafkajs'), 'it would be found');
});

test('The compiler of TypeScript is loaded with the first module that needs it, and not before.', () => {
  for (const part of [
    'cli/run',
    'pipeline/index',
    'pipeline/lanes/processor-lane',
    'processors/modules/module-hooks',
  ]) {
    const loaded = loadedWith(`${part}.js`);
    assert.ok(loaded.size > 1 && !loaded.has('esbuild'), part);
  }
});

test('Every dependency of the package has its folder here.', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
  assert.deepEqual(Object.keys(PACKAGE_FOLDERS).sort(), Object.keys(dependencies).sort());
});

test('Every folder with sources has a place in the direction of imports.', () => {
  const placed = [...Object.keys(MAY_IMPORT), 'test', 'examples'];
  assert.deepEqual(
    [...new Set(sources.map(topOf))].filter((folder) => !placed.includes(folder)),
    [],
  );
});

test(`No source has more than ${LINES_MAX} lines.`, () => {
  const long = code.map((file) => [file, read(file).trimEnd().split('\n').length] as const);
  assert.deepEqual(
    long.filter(([, lines]) => lines > LINES_MAX),
    [],
  );
});

test('Sources have kebab-case names.', () => {
  const name = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|chaos|soak))?\.ts$/;
  assert.deepEqual(
    sources.filter((file) => !name.test(file.split('/').at(-1)!)),
    [],
  );
});

test('Libraries do not write to the console.', () => {
  const quiet = code.filter((file) => !['cli', 'bench'].includes(topOf(file)));
  assert.deepEqual(
    quiet.filter((file) => /\bconsole\.\w+\(/.test(read(file))),
    [],
  );
});

test('No file names a folder of the machine it was written on, nor the host of a package registry.', () => {
  const parts = [
    // Split, so that this file does not hold what it looks for.
    ['(?<![\\w.~/-])/(?:wo', 'rk|home/[a-z]|Users/[a-z]|root)/'],
    ['registry', '\\.(?:npmjs|yarnpkg)\\.'],
    ['npm\\.pkg', '\\.github\\.'],
    ['(?:artifac', 'tory|ne', 'xus)[\\w.-]*\\.(?:com|org|net|io|local|internal)'],
    ['"resol', 'ved": "http'],
  ];
  const traces = parts.map((pieces) => new RegExp(pieces.join(''), 'i'));
  const found: string[] = [];
  for (const file of files) {
    if (/\.(png|jpg|gz|parquet|bin|ico|woff2?)$/.test(file)) continue;
    for (const [i, line] of read(file).split('\n').entries()) {
      if (traces.some((trace) => trace.test(line))) found.push(`${file}:${i + 1}: ${line.trim().slice(0, 120)}`);
    }
  }
  assert.deepEqual(found, []);
});
