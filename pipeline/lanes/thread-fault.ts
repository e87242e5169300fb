import { ThreadEnded } from '../../processors/thread-ended.js';
import { emptyReport, type LaneReport } from './lane.js';

/** What a lane's task reports whose thread died; what that was at then may be another lane's. Code that does not return never will. */
export function threadFault(error: Error, id: string): LaneReport {
  const known = error instanceof ThreadEnded ? error : null;
  const againMs = known?.againMs ?? null;
  const lost = againMs !== null || (known !== null && known.lane !== null && known.lane !== id);
  const retryable = lost || known?.silent !== true;
  return { ...emptyReport(), fault: { message: error.message, retryable, bus: false, lost, againMs } };
}
