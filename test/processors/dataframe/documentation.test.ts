import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildDataFrame } from '../../../processors/modules/build-dataframe.js';
import { loadModule } from '../../../processors/modules/load-module.js';
import type { Input, ProcessorPlan, Step } from '../../../processors/plan.js';
import { tempDir } from '../../support/temp-dir.js';
import { compileModules } from './compile-modules.js';
import { planOfYaml } from './plan-of-yaml.js';

const root = new URL('../../../../', import.meta.url);
const page = readFileSync(new URL('docs/dataframe.md', root), 'utf8');
const readme = readFileSync(new URL('README.md', root), 'utf8');
const IMU: Input = { pattern: 'car/{car}/imu' };

interface Block {
  /** The heading above it. */
  section: string;
  language: string;
  text: string;
}

function blocks(text = page): Block[] {
  let section = '';
  return [...text.matchAll(/^#+ (.*)$|^```(\w+)\n([\s\S]*?)^```/gm)].flatMap(([, heading, language, block]) => {
    if (heading !== undefined) section = heading;
    return language === undefined ? [] : [{ section, language, text: block! }];
  });
}

async function builtPlan(file: string): Promise<ProcessorPlan> {
  const needsTwo = readFileSync(file, 'utf8').includes('([imu, gps]');
  const from = needsTwo ? [IMU, { pattern: 'car/{car}/gps' }] : null;
  return (await buildDataFrame(file, 'p', from)).plan;
}

async function stepsOf(yaml: string, folder: string): Promise<Step[]> {
  const steps = yaml.replaceAll(/^/gm, '      ');
  return (await planOfYaml(`processors:\n  p:\n    from: car/{car}/imu\n    steps:\n${steps}`, 'p', folder)).steps;
}

test('Every module of docs/dataframe.md and README.md compiles, loads and builds a plan.', async () => {
  const folder = tempDir('docs');
  const modules = [...blocks(), ...blocks(readme)].filter(({ language }) => language === 'ts');
  assert.ok(modules.length > 12);
  modules.forEach(({ text }, i) => {
    writeFileSync(join(folder, `m${i}.ts`), text);
  });
  for (const i of modules.keys()) assert.ok((await builtPlan(join(folder, `m${i}.ts`))).from.length > 0);
  assert.deepEqual(compileModules(folder), []);
});

test('Each verb of docs/dataframe.md gives the same plan in TypeScript as in YAML.', async () => {
  const folder = tempDir('docs');
  const all = blocks();
  const pairs = all.flatMap((block, i) => {
    const next = all[i + 1];
    const isPair = block.language === 'ts' && next?.language === 'yaml' && next.section === block.section;
    return isPair ? [[block, next] as const] : [];
  });
  const sections = [...page.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading);
  assert.deepEqual(
    pairs.map(([{ section }]) => section),
    sections,
  );
  for (const [i, [module, yaml]] of pairs.entries()) {
    const file = join(folder, `pair${i}.ts`);
    writeFileSync(file, module.text);
    const { steps } = await builtPlan(file);
    // A table stands in the module, and in a file beside the YAML.
    const { drivers } = await loadModule(file);
    if (drivers) writeFileSync(join(folder, 'drivers.json'), JSON.stringify(drivers));
    assert.deepEqual(steps, await stepsOf(yaml.text, folder), module.section);
  }
});

test('Written and built expressions of docs/dataframe.md are the same.', async () => {
  const { text } = blocks().find((block) => block.text.includes('export const written'))!;
  const file = join(tempDir('docs'), 'both.ts');
  writeFileSync(file, `${text}import { deepStrictEqual } from 'node:assert';\ndeepStrictEqual(built, written);\n`);
  await builtPlan(file);
});
