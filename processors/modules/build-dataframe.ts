import { type BuiltPlan, StreamingDataFrame } from '../dataframe/streaming-dataframe.js';
import type { Input, ProcessorPlan } from '../plan.js';
import { stepInputs } from '../verbs/verbs.js';
import { loadModule } from './load-module.js';
import { badModule, thrownFault } from './module-fault.js';

const EXAMPLE = 'write export default (input) => input.filter(…)';

/**
 * The plan of a processor from a user's module, whose default export is
 *
 * - a function from the frame of the processor's one input, or from the list of them where `from` names several, to the
 *   frame that comes out, or
 * - a frame that names its own streams; `from` is null then, or says the same.
 *
 * Every call gives an equal plan, in whichever thread. Throws `bad-configuration` with the place in the module where there
 * is one.
 */
export async function buildDataFrame(path: string, name: string, from: readonly Input[] | null): Promise<BuiltPlan> {
  const module = await loadModule(path);
  if (module.default === undefined) throw badModule(path, `has no default export; ${EXAMPLE}`);
  const frame = await frameOf(path, module.default, from);
  const { plan, functions, given } = frame.plan(name);
  checkInputs(path, plan, from);
  const inputs = frame === module.default || from === null ? {} : { inputs: [...from] };
  const steps = plan.steps.map((step) => (step.verb === 'map' ? { ...step, module: path, ...inputs } : step));
  return { plan: { ...plan, steps }, functions, given };
}

async function frameOf(path: string, made: unknown, from: readonly Input[] | null): Promise<StreamingDataFrame> {
  if (made instanceof StreamingDataFrame) return made;
  if (typeof made !== 'function') {
    throw badModule(path, `exports ${shown(made)} by default, and not a function or a StreamingDataFrame; ${EXAMPLE}`);
  }
  if (from === null) {
    throw badModule(path, 'exports a function, whose inputs are what "from" names; add from to the processor');
  }
  const inputs = from.map((input) => StreamingDataFrame.from(input, null));
  const frame = await callUser(path, made as (input: unknown) => unknown, inputs.length === 1 ? inputs[0] : inputs);
  if (frame instanceof StreamingDataFrame) return frame;
  const hint = frame === undefined ? '; is a return missing?' : '';
  throw badModule(path, `gives ${shown(frame)} from its default export, and not a StreamingDataFrame${hint}`);
}

async function callUser(path: string, build: (input: unknown) => unknown, input: unknown): Promise<unknown> {
  try {
    return await build(input);
  } catch (error) {
    throw thrownFault(path, error);
  }
}

/** `from` names what the module reads: its rows come from nothing else, and nothing of it is left unread. */
function checkInputs(path: string, plan: ProcessorPlan, from: readonly Input[] | null): void {
  if (from === null) return;
  const given = from.map(nameOf);
  const foreign = plan.from.map(nameOf).find((name) => !given.includes(name));
  if (foreign !== undefined) {
    throw badModule(
      path,
      `takes its rows from ${foreign}, and "from" names ${given.join(', ')}; let both say the same`,
    );
  }
  const read = [...plan.from, ...stepInputs(plan).map(({ input }) => input)].map(nameOf);
  const unread = given.find((name) => !read.includes(name));
  if (unread !== undefined) {
    throw badModule(path, `does not read ${unread}, which "from" names; use it, or take it out of "from"`);
  }
}

function nameOf(input: Input): string {
  return 'pattern' in input ? input.pattern : input.processor;
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a list';
  if (value instanceof StreamingDataFrame) return 'a StreamingDataFrame';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
