import { PitwallError } from '../../core/errors.js';
import { settles } from '../../core/settles.js';
import type { KafkaClientOptions } from '../../kafka/kafka-client.js';
import type { KafkaCompression, KafkaConnection } from '../../kafka/kafka-connection.js';
import { KafkaFetcher } from '../../kafka/kafka-fetcher.js';
import { KafkaWriter } from '../../kafka/kafka-writer.js';
import type { BatchLimits, ChangelogMessage } from './changelog-batches.js';
import { GenerationWriter } from './changelog-generation.js';
import { type GenerationImage, valuesOf } from './changelog-image.js';
import { ChangelogKeys, newGeneration } from './changelog-keys.js';
import { type ChangelogProgress, type ChangelogScan, scanChangelog } from './changelog-scan.js';
import { SupersededError } from './changelog-superseded.js';
import { ChangelogTail } from './changelog-tail.js';

export interface ChangelogOptions {
  connection: KafkaConnection;
  options: KafkaClientOptions & { compression: KafkaCompression };
  /** Compacted, and never cut off by age or size. */
  topic: string;
  partition: number;
  /** Whose state it is; one name a partition. */
  unit: string;
  /** Names this machine, for whoever reads messages. */
  instance: string;
  /** The generation that the local store goes on from; null: there is none. */
  ownGeneration: string | null;
  /** Writes the batches, and may be shared. Without it the changelog makes one, and closes it. */
  writer?: Pick<KafkaWriter, 'send'>;
  warn: (message: string) => void;
  progress?: (progress: ChangelogProgress) => void;
  /** How much goes into one batch. */
  limits?: Partial<BatchLimits>;
  /** `save` looks for another owner so often at most. */
  glanceMs?: number;
}

export interface OpenedChangelog {
  log: Changelog;
  /**
   * What the last whole checkpoint of the last owner held; null: that is `ownGeneration`, and the local store is what
   * continues it. Give `begin` what the state is to go on from.
   */
  restored: Map<string, Buffer> | null;
  /** The topic has nothing of the unit; `restored` is empty, and a local store is the best there is. */
  startedFromNothing: boolean;
}

/**
 * Below max.message.bytes (64 MiB) and fetch.max.bytes (55 MiB), and little enough that the copies which kafkajs makes
 * of a batch do not matter.
 */
const BATCH_BYTES = 16 * 1024 * 1024;
/** kafkajs reads a batch by a call with a parameter for each record, which the stack bounds. */
const BATCH_RECORDS = 20_000;
const GLANCE_MS = 5_000;
/** `close` gives up saying that it was in order after so long. */
const CLOSE_MS = 10_000;

/**
 * The state of a unit, as keys and values, in a compacted topic: a copy that another machine goes on from.
 *
 * What is restored is always one whole checkpoint: all keys as `begin` or one `save` left them. Writers that do not know
 * yet that they lost the unit do no harm: each owner writes a generation of its own, with a full copy to begin with, and
 * the last generation that became whole counts. Why so: `docs/decisions/0009-state-in-a-changelog.md`.
 *
 * One call at a time.
 */
export class Changelog {
  private writer: GenerationWriter | null = null;
  private tail: ChangelogTail | null = null;
  private current: string | null = null;
  /** The generations that may win without being another owner's: that which was found, and those begun here. */
  private readonly known = new Set<string>();
  private busy = false;
  private glancedMs = Number.NEGATIVE_INFINITY;
  private supersededBy: string | null = null;
  private readonly limits: BatchLimits;

  /** Reads the partition, to its end. `begin` must follow. */
  static async open(options: ChangelogOptions): Promise<OpenedChangelog> {
    const keys = new ChangelogKeys(options.unit);
    const fetcher = new KafkaFetcher(options.connection, options.options);
    const own = options.writer ? null : new KafkaWriter(options.connection, options.options);
    try {
      const source = { fetcher, topic: options.topic, partition: options.partition };
      const scan = await scanChangelog(source, keys, { keepValues: true, progress: options.progress });
      const log = new Changelog(options, keys, fetcher, options.writer ?? own!, own, scan);
      return { log, ...log.restore(scan) };
    } catch (error) {
      await Promise.allSettled([fetcher.close(), own?.close()]);
      throw error;
    }
  }

  private constructor(
    private readonly options: ChangelogOptions,
    private readonly keys: ChangelogKeys,
    private readonly fetcher: KafkaFetcher,
    private readonly kafka: Pick<KafkaWriter, 'send'>,
    private readonly ownKafka: KafkaWriter | null,
    private scan: ChangelogScan | null,
  ) {
    this.limits = { bytes: BATCH_BYTES, records: BATCH_RECORDS, ...options.limits };
  }

  /** What a local store keeps as its `ownGeneration`, together with what `begin` was given. Another after each `begin`. */
  get generation(): string {
    if (this.current === null) throw new PitwallError('internal', `${this.name} has not begun`, { stage: 'bus' });
    return this.current;
  }

  /** Another process has taken the unit over; every call throws a SupersededError. */
  get superseded(): boolean {
    return this.supersededBy !== null;
  }

  /**
   * From here on the log holds exactly `full`, which must not change meanwhile. Follows `open`, and any fault of `begin`
   * or `save`: what failed may still arrive, so it starts a new generation.
   */
  async begin(full: Iterable<readonly [key: string, value: Uint8Array]>): Promise<void> {
    await this.alone(async () => {
      this.writer = null;
      const found = this.scan;
      this.scan = null;
      const scan = found ?? (await scanChangelog(this.source, this.keys, { keepValues: false }));
      const winner = scan.image.winner(scan.start);
      if (winner !== null) {
        if (found) this.known.add(winner.name);
        else if (!this.known.has(winner.name)) this.giveWay(winner.name);
      }
      this.tail = new ChangelogTail(this.source, this.keys, scan.end);
      if (found && winner !== null && this.mayGoOn(found, winner)) await this.goOn(winner, full);
      else await this.startAnew(scan, full);
    });
  }

  /**
   * Adds a checkpoint: keys with their new values, null where there is none any more. Reads `delta` at once; its values
   * must not change before it resolves. After a fault only `begin` helps.
   */
  async save(delta: Iterable<readonly [key: string, value: Uint8Array | null]>): Promise<void> {
    const changed = new Map(delta);
    await this.alone(async () => {
      const { writer } = this;
      if (!writer) throw new PitwallError('internal', `${this.name} has to begin first`, { stage: 'bus' });
      await this.glance();
      this.writer = null;
      if (changed.size > 0) await writer.write(changed);
      this.writer = writer;
    });
  }

  /** Says in the topic, if it can, that nothing is on the way any more; then the next start copies nothing. */
  async close(): Promise<void> {
    const { writer } = this;
    this.writer = null;
    if (writer && !this.busy && !this.superseded) await settles(writer.setClosed(true), CLOSE_MS).catch(() => {});
    await Promise.allSettled([this.fetcher.close(), this.ownKafka?.close()]);
  }

  private restore({ image, start }: ChangelogScan): Omit<OpenedChangelog, 'log'> {
    const { warn, ownGeneration } = this.options;
    if (image.foreign > 0) warn(`${this.name}: ${image.foreign} records in it are none of a changelog; skipped`);
    for (const { name } of image.damaged(start)) {
      warn(
        `${this.name}: generation ${name} cannot be restored, since records of it were deleted (the topic starts at offset ${start}) or overwritten: the topic must have cleanup.policy=compact alone`,
      );
    }
    const winner = image.winner(start);
    if (winner !== null) {
      return { restored: winner.name === ownGeneration ? null : valuesOf(winner), startedFromNothing: false };
    }
    if (image.generations.size > 0) warn(`${this.name}: it holds no whole checkpoint; the state starts from nothing`);
    return { restored: new Map(), startedFromNothing: true };
  }

  /** Only where all that was ever written of the generation has arrived, and nobody has tried to take it over. */
  private mayGoOn({ image }: ChangelogScan, winner: GenerationImage): boolean {
    return winner.name === this.options.ownGeneration && winner.marks.has('closed') && winner.number === image.highest;
  }

  private async goOn(image: GenerationImage, full: Iterable<readonly [key: string, value: Uint8Array]>): Promise<void> {
    const homes = new Map<string, number>();
    for (const layer of [...image.values.keys()].sort((a, b) => a - b)) {
      if (layer > 0) for (const key of image.values.get(layer)!.keys()) homes.set(key, layer);
    }
    const layers = { homes, last: Math.max(0, ...image.values.keys(), ...image.layers!) };
    const writer = new GenerationWriter(this.target(image.name), layers);
    this.tail!.owns(image.name, image.born!);
    await writer.setClosed(false);
    this.current = image.name;
    // The local store may have gone further than its last copy.
    const delta = differences(valuesOf(image), full);
    if (delta.size > 0) await writer.write(delta);
    this.writer = writer;
  }

  private async startAnew(
    scan: ChangelogScan,
    full: Iterable<readonly [key: string, value: Uint8Array]>,
  ): Promise<void> {
    const number = scan.image.highest + 1;
    const generation = newGeneration(number, this.options.instance);
    const tail = this.tail!;
    const writer = new GenerationWriter(this.target(generation));
    const check = async () => {
      await tail.look();
      const winner = tail.winnerOver(generation);
      if (winner !== null) this.giveWay(winner);
    };
    this.known.add(generation);
    await writer.writeAll(full, scan.end, check);
    await check();
    tail.owns(generation);
    this.current = generation;
    await writer.remove(scan.image.keysBelow(number));
    this.writer = writer;
  }

  /** Looks for another owner. What keeps it from looking keeps it from writing too, or passes. */
  private async glance(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.glancedMs < (this.options.glanceMs ?? GLANCE_MS)) return;
    this.glancedMs = nowMs;
    const tail = this.tail!;
    try {
      await tail.glance();
    } catch (error) {
      this.options.options.logger?.debug(`${this.name}: no look for another owner`, { error: String(error) });
    }
    if (tail.isCut) {
      this.writer = null;
      throw new PitwallError('bus-failed', `${this.name}: the brokers have lost what they had stored; begin again`, {
        stage: 'bus',
        retryable: true,
      });
    }
    const successor = tail.successorOf(this.current!);
    if (successor !== null) this.giveWay(successor);
  }

  private giveWay(to: string): never {
    this.supersededBy = to;
    throw new SupersededError(this.name, to);
  }

  private target(generation: string) {
    const { topic, partition } = this.options;
    const send = async (messages: ChangelogMessage[]) => {
      await this.kafka.send([{ topic, messages }]);
      this.tail!.wrote(messages.length);
    };
    return { keys: this.keys, generation, partition, limits: this.limits, send };
  }

  private async alone(work: () => Promise<void>): Promise<void> {
    if (this.supersededBy !== null) throw new SupersededError(this.name, this.supersededBy);
    if (this.busy) throw new PitwallError('internal', `${this.name} is used by two at once`, { stage: 'bus' });
    this.busy = true;
    try {
      await work();
    } finally {
      this.busy = false;
    }
  }

  private get source() {
    const { topic, partition } = this.options;
    return { fetcher: this.fetcher, topic, partition };
  }

  private get name(): string {
    const { unit, topic, partition } = this.options;
    return `the changelog of ${unit} (${topic}, partition ${partition})`;
  }
}

function differences(
  before: ReadonlyMap<string, Buffer>,
  full: Iterable<readonly [key: string, value: Uint8Array]>,
): Map<string, Uint8Array | null> {
  const delta = new Map<string, Uint8Array | null>();
  const gone = new Set(before.keys());
  for (const [key, value] of full) {
    gone.delete(key);
    if (!before.get(key)?.equals(value)) delta.set(key, value);
  }
  for (const key of gone) delta.set(key, null);
  return delta;
}
