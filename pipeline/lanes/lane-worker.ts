import { PitwallError } from '../../core/errors.js';
import { BranchLane } from './branch-lane.js';
import { emptyReport, type Lane, type LaneReport, type LaneSpec, type LaneTask } from './lane.js';
import { ProcessorLane } from './processor-lane.js';

/** The task of a worker thread: one action on one lane. Lanes stay open in the worker between tasks. */
const lanes = new Map<string, Lane>();

export default async function runLane(task: LaneTask): Promise<LaneReport> {
  const { id } = task.spec;
  try {
    if (task.action === 'open') {
      await lanes.get(id)?.close();
      const lane = createLane(task.spec);
      lanes.set(id, lane);
      return await lane.open();
    }
    const lane = lanes.get(id);
    if (!lane) throw new PitwallError('internal', `lane ${id} is not open`, { stage: 'pipeline' });
    if (task.action === 'step') return await lane.step(task.holds);
    if (task.action === 'finish') return await lane.finish();
    lanes.delete(id);
    await lane.close();
    return emptyReport();
  } catch (error) {
    const message = error instanceof PitwallError ? error.message : String((error as Error)?.stack ?? error);
    return { ...emptyReport(), fault: { message, retryable: !(error instanceof PitwallError) || error.retryable } };
  }
}

function createLane(spec: LaneSpec): Lane {
  return spec.kind === 'processors' ? new ProcessorLane(spec) : new BranchLane(spec);
}
