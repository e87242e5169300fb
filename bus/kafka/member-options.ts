import type { PitwallError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';

/**
 * A process that was killed is noticed after this. It is above the least that brokers allow unless they are set
 * otherwise (group.min.session.timeout.ms, 6 s), and above what a busy process or a restarting broker stands still.
 */
export const SESSION_MS = 10_000;
/** Members hear of a rebalance with their next heartbeat, so that it takes about this long; a session has room for ten. */
export const HEARTBEAT_MS = 1_000;
/** So long a member may take to hand its partitions over; those that are dead are not waited for longer than a session. */
export const REBALANCE_MS = 30_000;

export interface MembershipOptions {
  groupId: string;
  /** What the group subscribes to, so that Kafka's tools show who owns which partition, and the lag. */
  topic: string;
  /** Of the topic. */
  partitions: number;
  /** Stable name of this process: after a restart it gets what it had. */
  instance: string;
  clientId: string;
  logger: Logger;
  sessionMs?: number;
  heartbeatMs?: number;
  rebalanceMs?: number;
}

/** None is called once `close` was. `assigned` and `lost` must not throw. */
export interface MembershipEvents {
  /**
   * From now on these are this member's, and nobody else's; also where they are the same as before. `generation` grows
   * with every sharing out of the group, so that of two that believe they own a partition, the higher one does.
   */
  assigned(partitions: number[], generation: number): void;
  /**
   * The group shares out anew. The partitions stay this member's until what is returned settles, and from then on may
   * be another's at any time, until `assigned` says which ones still are this one's. The group waits `rebalanceMs` for
   * it, then goes on without this member: `lost`.
   */
  rebalancing(): void | Promise<void>;
  /** Others may have taken over everything that was assigned. `assigned` comes again when this is a member again. */
  lost(reason: PitwallError): void;
}
