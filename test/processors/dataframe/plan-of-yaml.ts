import assert from 'node:assert/strict';
import { join } from 'node:path';
import { loadModules } from '../../../pipeline/config/load-modules.js';
import { formatProblem } from '../../../pipeline/config/problems.js';
import { readConfigBytes } from '../../../pipeline/config/read-config.js';
import type { ProcessorPlan } from '../../../processors/plan.js';

/** The plan of a processor in the text of a configuration without faults, as if it stood in the folder. */
export async function planOfYaml(text: string, name: string, folder = '.'): Promise<ProcessorPlan> {
  const { config, problems } = await loadModules(readConfigBytes(join(folder, 'pitwall.yaml'), Buffer.from(text), {}));
  const faults = problems.map((problem) => formatProblem('pitwall.yaml', problem));
  assert.deepEqual(faults, [], text);
  return config!.processors.find(({ plan }) => plan.name === name)!.plan;
}
