import { Retry, type RetryOptions } from '../core/retry.js';
import type { Position } from '../sinks/sink.js';
import { type LaneStatus, newStatus } from './lane-status.js';
import type { LaneSpec } from './lanes/lane.js';

/**
 * A processor's fault that no retry has mended after so many attempts leaves it stopped: it takes a fix. A store comes
 * back some time, so its branch tries for ever.
 */
const PROCESSOR_ATTEMPTS_MAX = 6;
const RETRY = { firstMs: 500, minMs: 200, maxMs: 30_000 };

/** A lane, as the scheduler drives it. */
export interface LaneEntry {
  spec: LaneSpec;
  worker: number;
  status: LaneStatus;
  retry: Retry;
  /** How long to wait before the next attempt. */
  retryMs: number;
  /** No thread could be started for it: its error is that. */
  threadless: boolean;
  wake: (() => void) | null;
  awake: boolean;
  /** It is to end, whatever there is to read. */
  leaving: boolean;
  /** A branch that is to rest until somebody resumes it. */
  paused: boolean;
  /** It was told something that ends any sleep. */
  summoned: boolean;
  /** Where it is to be opened, once. */
  rewind: Position[] | null;
  /** It reads nothing before the next `update`. */
  held: boolean;
  /** Called once all it holds is durable, which somebody has asked for. */
  finished: (() => void) | null;
  loop: Promise<void>;
}

/** `index`: among the lanes that begin with it. */
export function newLaneEntry(spec: LaneSpec, index: number, paused: boolean): LaneEntry {
  return {
    spec,
    worker: spec.kind === 'processors' ? spec.partition : index,
    status: newStatus(spec.id),
    retry: new Retry(retryOf(spec)),
    retryMs: 0,
    threadless: false,
    wake: null,
    awake: false,
    leaving: false,
    paused,
    summoned: false,
    rewind: null,
    held: false,
    finished: null,
    loop: Promise.resolve(),
  };
}

function retryOf(spec: LaneSpec): RetryOptions {
  if (spec.kind === 'branch') return spec.sink.retry;
  return spec.kind === 'processors' ? { ...RETRY, attemptsMax: PROCESSOR_ATTEMPTS_MAX } : RETRY;
}
