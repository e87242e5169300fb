import { PitwallError } from '../../core/errors.js';
import { emptyReport, type Lane, type LaneReport, type LaneSpec, type LaneTask } from './lane.js';

/** The task of a worker thread: one action on one lane. Lanes stay open in the worker between tasks. */
const lanes = new Map<string, Lane>();

export default async function runLane(task: LaneTask): Promise<LaneReport> {
  const { id } = task.spec;
  try {
    if (task.action === 'open' || task.action === 'close') {
      await close(id);
      if (task.action === 'close') return emptyReport();
      const lane = await createLane(task.spec);
      lanes.set(id, lane);
      return await lane.open(task.rewind);
    }
    const lane = lanes.get(id);
    // The thread that had it is gone: opening it here goes on at its checkpoint.
    if (!lane) {
      const message = `the thread that had ${id} is gone`;
      return { ...emptyReport(), fault: { message, retryable: true, bus: false, lost: true } };
    }
    if (task.action === 'inspect') return { ...emptyReport(), state: lane.inspect?.(task.query!) };
    return task.action === 'step' ? await lane.step(task.holds) : await lane.finish();
  } catch (error) {
    const message = error instanceof PitwallError ? error.message : String((error as Error)?.stack ?? error);
    const known = error instanceof PitwallError;
    // What Kafka refuses for good, such as a right, may be mended while this runs: everything waits for it.
    const bus = known && error.code === 'bus-failed' && (error.retryable || task.spec.kafka !== null);
    const retryAfterMs = known ? error.retryAfterMs : null;
    return { ...emptyReport(), fault: { message, retryable: bus || !known || error.retryable, bus, retryAfterMs } };
  }
}

/** Once only, whatever comes of it: what a lane shares with others counts its users. */
async function close(id: string): Promise<void> {
  const lane = lanes.get(id);
  lanes.delete(id);
  await lane?.close();
}

/** A thread loads the code of what it runs: clients and formats that nobody has configured cost no memory and no start. */
async function createLane(spec: LaneSpec): Promise<Lane> {
  switch (spec.kind) {
    case 'forward':
      return new (await import('./forward-lane.js')).ForwardLane(spec);
    case 'processors':
      return new (await import('./processor-lane.js')).ProcessorLane(spec);
    case 'branch':
      return new (await import('./branch-lane.js')).BranchLane(spec);
  }
}
