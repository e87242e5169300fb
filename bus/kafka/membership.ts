import { PitwallError } from '../../core/errors.js';
import { GroupConnection, type GroupConnectionOptions, type TopicOffset } from '../../kafka/group-connection.js';
import type { KafkaConnection } from '../../kafka/kafka-connection.js';
import { kafkaFault, typeOf } from '../../kafka/kafka-fault.js';
import type { JoinedGroup } from '../../kafka/kafka-internals.js';
import { withinMs } from '../../kafka/within-ms.js';
import { StickyAssigner } from './assigner.js';
import {
  HEARTBEAT_MS,
  type MembershipEvents,
  type MembershipOptions,
  REBALANCE_MS,
  SESSION_MS,
} from './member-options.js';
import { Pause } from './member-pause.js';
import { MemberSession } from './member-session.js';

/** At the start, faults that may pass (a coordinator that is being elected, a broker that starts) have so long to. */
const START_MS = 10_000;
const LEAVE_MS = 3_000;
const AGAIN_MS = 100;
const BACKOFF_MS = 200;
const BACKOFF_MAX_MS = 5_000;

/** With these the group answers a member that has to join again. */
const JOIN_AGAIN = ['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'];

export type MembershipState = 'joining' | 'member' | 'lost';

/**
 * This process as a member of the group of processes that share partition numbers out among themselves: each number is
 * owned by one member, for all topics. The group says who owns what and is not read through.
 *
 * Faults, however long, are tried again for ever. While the brokers cannot be reached, ownership lasts as long as the
 * group would keep it.
 */
export class Membership {
  private readonly groupOptions: GroupConnectionOptions;
  private readonly heartbeatMs: number;
  private readonly answerMs: number;
  private readonly assigner: StickyAssigner;
  private readonly session: MemberSession;
  private readonly pause = new Pause();
  private readonly closing = new AbortController();
  private group: GroupConnection | null = null;
  /** The request to join that is under way: the connection answers nothing else before. */
  private joining: Promise<JoinedGroup> | null = null;
  private handover: Promise<void> | null = null;
  private mustJoin = true;
  private memberId = '';
  private given: number[] = [];
  private owns = false;
  private generationNow = -1;
  private condition: MembershipState = 'joining';
  private nextBeat = 0;
  /** When the group was last asked and was not sharing out. */
  private settledAt = 0;
  private failures = 0;
  private running: Promise<void> = Promise.resolve();
  private closed: Promise<void> | null = null;

  private constructor(
    private readonly connection: KafkaConnection,
    private readonly options: MembershipOptions,
    private readonly events: MembershipEvents,
  ) {
    const { groupId, topic, clientId, logger, sessionMs = SESSION_MS, rebalanceMs = REBALANCE_MS } = options;
    this.groupOptions = { groupId, topic, sessionMs, rebalanceMs, client: { clientId, logger } };
    this.heartbeatMs = options.heartbeatMs ?? HEARTBEAT_MS;
    // A silent broker leaves time to try two more connections before the session is over.
    this.answerMs = Math.max(this.heartbeatMs, sessionMs / 3);
    this.assigner = new StickyAssigner(options.instance, options.partitions);
    this.session = new MemberSession(sessionMs, () => {
      // While the group is asked to let this member join, it keeps it, and nothing is owned.
      if (!this.joining) this.lose(this.silence());
    });
  }

  /**
   * Resolves when this is a member, after `assigned`. Rejects with a PitwallError: at once where trying again cannot
   * help, such as a refused password or a missing right.
   */
  static async start(
    connection: KafkaConnection,
    options: MembershipOptions,
    events: MembershipEvents,
  ): Promise<Membership> {
    const membership = new Membership(connection, options, events);
    await membership.begin();
    membership.running = membership.run();
    return membership;
  }

  /** What was assigned last; nothing once it is lost. */
  get partitions(): readonly number[] {
    return this.owns && !this.session.isOver ? this.given : [];
  }

  /** May say `lost` before the event does, where the process stood still. */
  get state(): MembershipState {
    return this.owns && this.session.isOver ? 'lost' : this.condition;
  }

  /** Of `partitions`; -1 before the first. */
  get generation(): number {
    return this.generationNow;
  }

  /** Stores positions with the group, for tools that show how far behind it is. Best effort: never throws, may do nothing. */
  async commit(offsets: readonly TopicOffset[]): Promise<void> {
    const { group, given } = this;
    const own = offsets.filter(({ partition }) => given.includes(partition));
    if (!group || !this.owns || this.mustJoin || own.length === 0) return;
    try {
      await group.commit(this.memberId, this.generationNow, own, this.answerMs);
    } catch (error) {
      this.options.logger.debug(kafkaFault(error, `committing offsets to the group ${this.options.groupId}`).message);
    }
  }

  /** Leaves the group at once, so that the others take over. Never rejects. */
  close(): Promise<void> {
    this.closed ??= this.end();
    return this.closed;
  }

  private async begin(): Promise<void> {
    const deadline = performance.now() + START_MS;
    while (this.mustJoin) {
      try {
        await this.step();
      } catch (error) {
        const fault = kafkaFault(error, `joining the group ${this.options.groupId}`);
        if (!fault.retryable || performance.now() > deadline) {
          await this.close();
          throw fault;
        }
        await this.recover(fault);
      }
    }
  }

  private async run(): Promise<void> {
    while (!this.closed) {
      try {
        await this.step();
      } catch (error) {
        await this.recover(error);
      }
    }
  }

  private async step(): Promise<void> {
    this.group ??= await GroupConnection.open(this.connection, this.groupOptions, this.closing.signal);
    if (this.closed) return this.cut();
    if (this.mustJoin) return this.join(this.group);
    const ms = this.nextBeat - performance.now();
    if (ms > 0) await this.pause.wait(ms);
    if (!this.closed && !this.mustJoin) await this.beat(this.group);
  }

  private async join(group: GroupConnection): Promise<void> {
    const topics = [this.options.topic];
    try {
      this.joining = group.join(this.memberId, this.assigner.protocol({ topics }));
      const joined = await this.joining.finally(() => {
        this.joining = null;
      });
      const { memberId, leaderId, generationId, members } = joined;
      this.memberId = memberId;
      if (this.closed) return;
      let sentAt = performance.now();
      const shares = memberId === leaderId ? await this.assigner.assign({ members, topics }) : [];
      const share = await group.sync(joined, shares);
      // The leader may have kept the others waiting for longer than a session is from now.
      if (performance.now() - sentAt > this.heartbeatMs) {
        sentAt = performance.now();
        await group.heartbeat(memberId, generationId, this.answerMs);
      }
      if (!this.closed) this.take(share, generationId, sentAt);
    } catch (error) {
      if (!JOIN_AGAIN.includes(typeOf(error) ?? '')) throw error;
      if (typeOf(error) === 'UNKNOWN_MEMBER_ID') this.forgotten();
      await this.pause.wait(AGAIN_MS);
    }
  }

  private take(share: Buffer, generation: number, sentAt: number): void {
    this.mustJoin = false;
    this.given = this.assigner.accept(this.options.topic, share, generation);
    this.generationNow = generation;
    this.own(sentAt);
  }

  private async beat(group: GroupConnection): Promise<void> {
    const sentAt = performance.now();
    this.nextBeat = sentAt + this.heartbeatMs;
    try {
      await group.heartbeat(this.memberId, this.generationNow, this.answerMs);
    } catch (error) {
      const type = typeOf(error) ?? '';
      if (!JOIN_AGAIN.includes(type)) throw error;
      if (type !== 'REBALANCE_IN_PROGRESS') return this.forgotten();
      // It still counts on this member, and waits for it.
      if (this.owns) this.session.heard(sentAt);
      return this.rebalance();
    }
    if (this.closed) return;
    this.settledAt = sentAt;
    // The group has shared nothing out since: where this was given up for lost, nobody took it.
    if (this.owns) this.session.heard(sentAt);
    else this.own(sentAt);
    this.recovered();
  }

  private own(sentAt: number): void {
    // The process may have stood still between the answer and now: then the group is asked again.
    if (performance.now() >= sentAt + this.groupOptions.sessionMs) {
      this.nextBeat = 0;
      return;
    }
    this.owns = true;
    this.condition = 'member';
    this.session.begin(sentAt);
    this.settledAt = sentAt;
    this.nextBeat = sentAt + this.heartbeatMs;
    this.recovered();
    const { given, generationNow: generation, options } = this;
    options.logger.info(`owns partitions ${given.join(' ') || 'none'}`, { group: options.groupId, generation });
    this.events.assigned([...given], generation);
  }

  private rebalance(): void {
    if (this.handover) return;
    if (!this.owns) {
      this.mustJoin = true;
      return;
    }
    this.condition = 'joining';
    this.session.endBy(this.settledAt + this.groupOptions.rebalanceMs);
    const handover = (async () => this.events.rebalancing())()
      .catch((error: Error) => this.options.logger.error(`handing partitions over failed: ${error.message}`))
      .then(() => {
        // Meanwhile they may have been lost.
        if (this.handover === handover) this.joinNow();
      });
    this.handover = handover;
  }

  /** The group has gone on without this member. */
  private forgotten(): void {
    this.memberId = '';
    this.lose(this.lossFault(`the group ${this.options.groupId} has gone on without this process`));
    this.joinNow();
  }

  private joinNow(): void {
    this.handover = null;
    this.mustJoin = true;
    this.pause.end();
  }

  private lose(reason: PitwallError): void {
    this.session.end();
    if (this.handover) this.joinNow();
    if (!this.owns || this.closed) return;
    this.owns = false;
    this.condition = 'lost';
    this.options.logger.warn(`partitions are lost: ${reason.message}`, { group: this.options.groupId });
    this.events.lost(reason);
  }

  private silence(): PitwallError {
    const { groupId, sessionMs, rebalanceMs } = this.groupOptions;
    const why = this.handover
      ? `its partitions were not handed over within ${rebalanceMs} ms`
      : `it could not be reached for ${sessionMs} ms`;
    return this.lossFault(`the group ${groupId} has given this process up: ${why}`);
  }

  private lossFault(message: string): PitwallError {
    return new PitwallError('bus-failed', message, { stage: 'bus', retryable: true });
  }

  private async recover(error: unknown): Promise<void> {
    this.cut();
    if (this.closed) return;
    const { message } = kafkaFault(error, `as a member of the group ${this.options.groupId}`);
    if (this.failures === 0) this.options.logger.warn(`${message}; it is tried again`);
    else this.options.logger.debug(message);
    if (this.session.isOver) this.lose(this.silence());
    await this.backOff();
  }

  private recovered(): void {
    if (this.failures > 0) this.options.logger.info('reaches its group again', { group: this.options.groupId });
    this.failures = 0;
  }

  private async backOff(): Promise<void> {
    // Members that failed together do not come back in step.
    const ms = Math.min(BACKOFF_MS * 2 ** this.failures++, BACKOFF_MAX_MS) * (0.8 + 0.4 * Math.random());
    if (!this.closed) await this.pause.wait(ms);
  }

  private cut(): void {
    this.group?.cut();
    this.group = null;
    this.nextBeat = 0;
  }

  private async end(): Promise<void> {
    this.owns = false;
    this.condition = 'lost';
    this.session.end();
    this.pause.end();
    try {
      await this.leave();
    } catch (error) {
      const { message } = kafkaFault(error, `leaving the group ${this.options.groupId}`);
      this.options.logger.warn(`${message}; the others take over when the session is over`);
    }
    this.closing.abort();
    this.cut();
    await this.running;
  }

  private async leave(): Promise<void> {
    const { joining } = this;
    // The id of a member comes with the answer to its first request to join, and without it there is nothing to leave.
    if (joining && !this.memberId) await withinMs('joining the group', joining, LEAVE_MS).catch(() => {});
    if (!this.memberId) return;
    const busy = this.joining !== null || !this.group;
    const group = busy
      ? await GroupConnection.open(this.connection, this.groupOptions, AbortSignal.timeout(LEAVE_MS))
      : this.group!;
    try {
      await group.leave(this.memberId, LEAVE_MS);
    } finally {
      if (group !== this.group) group.cut();
    }
  }
}
