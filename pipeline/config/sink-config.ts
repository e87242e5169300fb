import type { Input } from '../../processors/plan.js';
import type { BranchConfig } from './sinks/common-keys.js';
import { type sinkSpec, sinkTypes } from './sinks/sink-types.js';

type CheckedSink = NonNullable<ReturnType<typeof sinkSpec.check>>;
type Types = typeof sinkTypes;

/** A branch. `options` are its sink's own, and cross to the worker: they may hold secrets. */
export type SinkConfig = {
  [T in keyof Types]: { name: string; type: T; from: Input[]; options: ReturnType<Types[T]['options']> } & BranchConfig;
}[keyof Types];

/** That of one type. */
export type SinkConfigOf<T extends keyof Types> = Extract<SinkConfig, { type: T }>;

/** A sink from its checked keys; `from` resolved. */
export function sinkConfig(name: string, sink: CheckedSink, from: Input[]): SinkConfig {
  const { type } = sink;
  // The checked keys are those of the type, which the table's types cannot say.
  const { branch, options } = sinkTypes[type] as unknown as {
    branch(sink: CheckedSink): BranchConfig;
    options(sink: CheckedSink): never;
  };
  return { name, type, from, ...branch(sink), options: options(sink) };
}
