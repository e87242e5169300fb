import { dirname, resolve } from 'node:path';
import { suggestion } from '../../core/suggest.js';
import type { Functions } from '../../processors/functions/load-functions.js';
import type { GraphOptions } from '../../processors/partition-graph.js';
import type { ProcessorPlan } from '../../processors/plan.js';
import { withUpstream } from '../../processors/topology.js';
import { policiesOf } from '../build-lanes.js';
import type { Config } from '../config/config.js';
import { type ConfigNode, child, itemsOf } from '../config/config-node.js';
import type { Problems } from '../config/problems.js';
import { readDocument, type YamlDocument } from '../config/read-document.js';
import type { Environment } from '../config/variables.js';
import { caseFileSpec, type ExpectedRow, type Given } from './case-keys.js';

/** By how much a number may differ unless the file says so, times the larger of 1 and the number itself. */
const TOLERANCE = 1e-9;

/** A checked case of a file. */
export interface ProcessorCase {
  name: string;
  processor: string;
  /** The processor and those it reads. */
  plans: ProcessorPlan[];
  /** What they run with. */
  options: Pick<GraphOptions, 'functions' | 'onError'>;
  given: Given[];
  expect: ExpectedRow[];
  exactly: boolean;
  tolerance: number;
  /** Where it stands in the file. */
  offset: number;
}

export interface CaseFile {
  /** As it was given. */
  file: string;
  cases: ProcessorCase[];
  /** What is wrong with the file; what is found while its cases are run is added to it. */
  problems: Problems;
}

/** Reads a file of cases for the processors of a configuration and their functions; never throws for what it holds. */
export function readCaseFile(file: string, config: Config, functions: Functions, environment: Environment): CaseFile {
  return caseFileOf(readDocument(file, environment, 'name files of cases that are there'), config, functions);
}

/** The same for a document that is there already. */
export function caseFileOf(
  { file, root, problems }: YamlDocument,
  config: Config,
  functions: Functions | undefined,
): CaseFile {
  const read = root && caseFileSpec.check(root, '', { problems, folder: dirname(resolve(file)) });
  const nodes = itemsOf(child(root ?? undefined, 'cases'));
  const all = config.processors.map(({ plan }) => plan);
  const cases: ProcessorCase[] = [];
  for (const [i, one] of (read?.cases ?? []).entries()) {
    const node = nodes[i]!;
    const processor = one.processor ?? read!.processor;
    const at = child(node, 'processor') ?? child(root!, 'processor') ?? node;
    if (!knows(processor, all, at, `cases[${i}]`, problems)) continue;
    cases.push({
      name: one.name,
      processor: processor!,
      plans: withUpstream(all, [processor!]),
      options: { functions, onError: policiesOf(config) },
      given: one.given,
      expect: one.expect,
      exactly: one.exactly ?? read!.exactly ?? false,
      tolerance: one.tolerance ?? read!.tolerance ?? TOLERANCE,
      offset: node.offset,
    });
  }
  return { file, cases, problems };
}

function knows(
  processor: string | undefined,
  plans: readonly ProcessorPlan[],
  node: ConfigNode,
  where: string,
  problems: Problems,
): boolean {
  const names = plans.map(({ name }) => name);
  if (processor !== undefined && names.includes(processor)) return true;
  const what =
    processor === undefined
      ? `${where} lacks "processor"; name it there, or once for all cases above them`
      : `${where}: the configuration has no processor "${processor}"${suggestion(processor, names, 'its processors')}`;
  problems.error(node.offset, what);
  return false;
}
