import { PitwallError } from '../core/errors.js';
import type { Auditor } from '../sinks/auditor.js';
import { sinkFailed } from '../sinks/sink-failed.js';
import type { ModuleSinkOptions } from './config/sinks/module.js';
import { makeOfModule, said } from './sink-module.js';

/** Null where the module offers none. What it throws while it is asked is `sink-failed`. */
export async function moduleAuditor(name: string, options: ModuleSinkOptions): Promise<Auditor | null> {
  const made = await makeOfModule(name, options, '');
  const auditor = await made.auditor?.();
  return auditor ? guarded(auditor) : null;
}

function guarded(auditor: Auditor): Auditor {
  const { overwriting } = auditor;
  return {
    ...(overwriting ? { overwriting } : {}),
    ...(auditor.holds ? { holds: (record, row) => auditor.holds!(record, row) } : {}),
    begin: (streams) => auditor.begin?.(streams),
    async *times(stream) {
      try {
        yield* auditor.times(stream);
      } catch (error) {
        throw asFault(error);
      }
    },
    async faults(streams) {
      try {
        return (await auditor.faults?.(streams)) ?? [];
      } catch (error) {
        throw asFault(error);
      }
    },
    close: () => auditor.close(),
  };
}

function asFault(error: unknown): PitwallError {
  return error instanceof PitwallError ? error : sinkFailed(said(error), false, error);
}
