import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after } from 'node:test';
import type { MembershipEvents, MembershipOptions } from '../../../bus/kafka/member-options.js';
import { Membership } from '../../../bus/kafka/membership.js';
import type { PitwallError } from '../../../core/errors.js';
import { Logger } from '../../../core/logger.js';
import type { KafkaConnection } from '../../../kafka/kafka-connection.js';
import { type KafkaBrokers, uniqueName } from '../../servers/kafka-server.js';
import { atExit } from '../../support/at-exit.js';
import { makeTopics } from '../../support/kafka-admin.js';

export const PARTITIONS = 8;
/** The least that brokers allow as they are delivered. */
export const SESSION_MS = 6_000;
/** So long that what a test waits for cannot come from its end. */
export const LONG_SESSION_MS = 300_000;

export interface MemberEvent {
  type: 'assigned' | 'rebalancing' | 'lost';
  owned: readonly number[];
  generation: number;
}

export interface Member {
  readonly events: MemberEvent[];
}

export function plain({ brokers }: KafkaBrokers): KafkaConnection {
  return { brokers, tls: null, sasl: null };
}

export async function newTopic(server: KafkaBrokers, numPartitions = PARTITIONS): Promise<string> {
  const topic = uniqueName('members');
  await makeTopics(server.brokers, [{ topic, numPartitions }]);
  return topic;
}

/** A member in this process, and what it was told. */
export class LocalMember implements Member {
  readonly events: MemberEvent[] = [];
  membership!: Membership;
  /** What handing partitions over takes. */
  handover: () => void | Promise<void> = () => {};
  lostFor: PitwallError | null = null;
  topic = '';
  groupId = '';

  constructor(readonly instance: string) {}

  async start(
    connection: KafkaConnection,
    topic: string,
    groupId: string,
    more: Partial<MembershipOptions> = {},
  ): Promise<this> {
    Object.assign(this, { topic, groupId });
    const record = (type: MemberEvent['type'], owned: readonly number[] = [], generation = -1) =>
      this.events.push({ type, owned, generation });
    const events: MembershipEvents = {
      assigned: (owned, generation) => record('assigned', owned, generation),
      rebalancing: () => {
        record('rebalancing');
        return this.handover();
      },
      lost: (reason) => {
        this.lostFor = reason;
        record('lost');
      },
    };
    this.membership = await Membership.start(
      connection,
      {
        groupId,
        topic,
        partitions: PARTITIONS,
        instance: this.instance,
        clientId: 'pitwall-test',
        logger: new Logger('error'),
        sessionMs: LONG_SESSION_MS,
        heartbeatMs: 200,
        ...more,
      },
      events,
    );
    return this;
  }
}

/** A member in a process of its own, and what it printed. */
export class ProcessMember implements Member {
  readonly events: MemberEvent[] = [];
  readonly child: ChildProcess;
  private readonly gone: Promise<unknown>;

  constructor(server: KafkaBrokers, topic: string, groupId: string, instance: string) {
    const child = spawn(
      process.execPath,
      [
        '--enable-source-maps',
        join(import.meta.dirname, 'member-process.js'),
        ...[server.brokers.join(','), groupId, topic, String(PARTITIONS), instance, String(SESSION_MS)],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.child = child;
    this.gone = once(child, 'close');
    atExit(() => child.kill('SIGKILL'));
    let text = '';
    child.stdout!.on('data', (chunk) => {
      text += chunk;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        this.events.push(JSON.parse(text.slice(0, end)) as MemberEvent);
        text = text.slice(end + 1);
      }
    });
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.child.kill(signal);
    await this.gone;
  }
}

export function owned(member: Member): readonly number[] {
  return member.events.at(-1)?.owned ?? [];
}

/** Whether all are members of one generation, and own every partition once. */
export function isSettled(members: readonly Member[], partitions = PARTITIONS): boolean {
  const last = members.map(({ events }) => events.at(-1));
  if (last.some((event) => event?.type !== 'assigned' || event.generation !== last[0]!.generation)) return false;
  const all = members.flatMap(owned).sort((a, b) => a - b);
  return all.length === partitions && all.every((partition, i) => partition === i);
}

export function assertBalanced(members: readonly Member[]): void {
  const sizes = members.map((member) => owned(member).length);
  assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, `sizes ${sizes.join(' ')}`);
}

export function assertWithin(some: readonly number[], all: readonly number[], what: string): void {
  assert.deepEqual(
    some.filter((partition) => !all.includes(partition)),
    [],
    what,
  );
}

export function typesOf(member: Member): string[] {
  return member.events.map(({ type }) => type);
}

const local: LocalMember[] = [];

/** Closed at the end of the tests, whatever they did. */
export function member(instance: string): LocalMember {
  const made = new LocalMember(instance);
  local.push(made);
  return made;
}

after(async () => {
  await Promise.all(local.map(({ membership }) => membership?.close()));
});
