import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Commit, TELEMETRY_TOPIC } from '../../bus/bus.js';
import { Changelog } from '../../bus/kafka/changelog.js';
import { type FactChange, KafkaCommit } from '../../bus/kafka/kafka-commit.js';
import type { RegistryPrefix } from '../../bus/kafka/kafka-message.js';
import { SchemaTopic } from '../../bus/kafka/schema-topic.js';
import { LogBus } from '../../bus/log/log-bus.js';
import { KafkaFetcher } from '../../kafka/kafka-fetcher.js';
import { KafkaWriter } from '../../kafka/kafka-writer.js';
import { threadWatch } from '../../processors/thread-watch.js';
import { clientOptions, type KafkaLane, registryPrefix, topicsOf } from './kafka-lane.js';
import { RestoreProgress } from './lane-progress.js';
import type { ProcessorStore } from './processor-store.js';

const UNIT = 'processors';
/** All facts are in one table of the local log, so that they can be listed. */
const TABLE = 'facts';
/** The generation of the changelog that the facts go on from; not itself in it. */
const GENERATION = 'changelog\0generation';
/** How far the changelog may lag: work that another machine repeats when it takes the partition over. */
const SAVE_MS = 5_000;
const SAVE_BYTES = 8 * 1024 * 1024;

/**
 * Where the processors of a partition write in Kafka mode: outputs to their topics, and then their facts to a log on this
 * machine and, now and then, to the changelog topic. One a partition of an input topic, shared by its processors.
 *
 * It opens with the facts of this machine when the changelog says that nobody has gone on from there elsewhere, else
 * with those of the changelog.
 */
export class KafkaProcessorStore implements ProcessorStore {
  private static readonly open = new Map<string, { store: Promise<KafkaProcessorStore>; users: number }>();

  /** What changed here and is not in the changelog yet. */
  private dirty = new Map<string, number>();
  private dirtyBytes = 0;
  private failed = false;
  private savedMs = performance.now();
  private saving: Promise<void> = Promise.resolve();

  private constructor(
    private readonly name: string,
    private readonly kafka: KafkaLane,
    private readonly partition: number,
    private readonly warn: (message: string) => void,
    private readonly local: LogBus,
    private readonly changelog: Changelog,
    private readonly writer: KafkaWriter,
    private readonly fetcher: KafkaFetcher,
    private readonly schemas: SchemaTopic,
    private readonly registry: RegistryPrefix | null,
  ) {}

  static async shared(
    kafka: KafkaLane,
    input: string,
    partition: number,
    warn: (message: string) => void,
    lane: string,
  ): Promise<KafkaProcessorStore> {
    const name = `${kafka.base} ${input} ${partition}`;
    let entry = KafkaProcessorStore.open.get(name);
    if (!entry) {
      entry = { store: KafkaProcessorStore.make(name, kafka, input, partition, warn, lane), users: 0 };
      KafkaProcessorStore.open.set(name, entry);
      entry.store.catch(() => KafkaProcessorStore.open.delete(name));
    }
    entry.users++;
    return entry.store;
  }

  private static async make(
    name: string,
    kafka: KafkaLane,
    input: string,
    partition: number,
    warn: (message: string) => void,
    lane: string,
  ): Promise<KafkaProcessorStore> {
    const of = input === TELEMETRY_TOPIC ? '' : ` of ${topicsOf(kafka).of(input)}`;
    const dir = join(kafka.stateDir, `partition-${partition}${of.replaceAll(' ', '-')}`);
    const options = clientOptions(kafka, `processors-${partition}`);
    const topics = topicsOf(kafka);
    let local = LogBus.open({ dir, partitions: 1, owner: threadWatch.owner });
    const writer = new KafkaWriter(kafka.connection, options);
    const fetcher = new KafkaFetcher(kafka.connection, options);
    const progress = new RestoreProgress(lane);
    let outcome: string | null = null;
    try {
      const ownGeneration = local.fact(TABLE, GENERATION)?.toString() ?? null;
      const { connection, instance } = kafka;
      const opened = await Changelog.open({
        connection,
        options,
        topic: topics.changelog,
        partition,
        unit: `${UNIT}${of}`,
        instance,
        writer,
        ownGeneration,
        warn,
        progress: ({ done, total }) => progress.report(done, total),
      });
      const changelog = opened.log;
      const isStale = opened.restored !== null && !(opened.startedFromNothing && ownGeneration !== null);
      if (isStale) {
        await local.close();
        rmSync(dir, { recursive: true, force: true });
        local = LogBus.open({ dir, partitions: 1, owner: threadWatch.owner });
        await keep(local, opened.restored!);
      }
      if (isStale && opened.restored!.size > 0) {
        outcome = `took its state, ${opened.restored!.size} entries, from ${topics.changelog}`;
      }
      await changelog.begin(copied(local));
      await keep(local, [[GENERATION, Buffer.from(changelog.generation)]]);
      const schemas = new SchemaTopic(topics.schemas, fetcher);
      await schemas.load();
      const registry = await registryPrefix(kafka, [topics.base]);
      return new KafkaProcessorStore(
        name,
        kafka,
        partition,
        warn,
        local,
        changelog,
        writer,
        fetcher,
        schemas,
        registry,
      );
    } catch (error) {
      await Promise.allSettled([local.close(), writer.close(), fetcher.close()]);
      throw error;
    } finally {
      progress.end(outcome);
    }
  }

  begin(): Commit {
    const { writer, schemas, kafka, registry } = this;
    return new KafkaCommit({
      topics: topicsOf(kafka),
      writer,
      schemas,
      registry,
      keepFacts: (facts) => this.keepFacts(facts),
    });
  }

  fact(table: string, key: string): Buffer | undefined {
    return this.local.fact(TABLE, `${table}\0${key}`);
  }

  *facts(table: string, prefix = ''): Iterable<[key: string, value: Buffer]> {
    for (const [key, value] of this.local.facts(TABLE, `${table}\0${prefix}`))
      yield [key.slice(table.length + 1), value];
  }

  hold(): void {}

  async makeRoom(): Promise<boolean> {
    return true;
  }

  async handOver(): Promise<void> {
    await this.save();
  }

  async close(): Promise<void> {
    const entry = KafkaProcessorStore.open.get(this.name);
    if (!entry || --entry.users > 0) return;
    KafkaProcessorStore.open.delete(this.name);
    await Promise.allSettled([this.local.close(), this.changelog.close(), this.writer.close(), this.fetcher.close()]);
  }

  private async keepFacts(facts: ReadonlyMap<string, FactChange>): Promise<void> {
    await keep(
      this.local,
      [...facts].map(([name, { value }]) => [name, value]),
    );
    for (const [name, { value }] of facts) {
      const bytes = value?.length ?? 0;
      this.dirtyBytes += bytes - (this.dirty.get(name) ?? 0);
      this.dirty.set(name, bytes);
    }
    if (performance.now() - this.savedMs >= SAVE_MS || this.dirtyBytes >= SAVE_BYTES) await this.save();
  }

  /**
   * Copies what changed to the changelog, as it is now for all processors: nothing is awaited while it is read. A copy
   * that fails is made up for by the next one; only when another process has taken the partition over it throws.
   */
  private save(): Promise<void> {
    const names = [...this.dirty.keys()];
    const delta = names.map((name): [string, Buffer | null] => [name, this.local.fact(TABLE, name) ?? null]);
    this.dirty = new Map();
    this.dirtyBytes = 0;
    this.savedMs = performance.now();
    if (delta.length > 0) this.saving = this.saving.then(() => this.copy(names, delta));
    return this.saving;
  }

  private async copy(names: readonly string[], delta: [string, Buffer | null][]): Promise<void> {
    try {
      if (this.failed) await this.beginAgain();
      else await this.changelog.save(delta);
    } catch (error) {
      this.failed = true;
      // So that the next save has something to do.
      for (const name of names) if (!this.dirty.has(name)) this.dirty.set(name, 0);
      if (this.changelog.superseded) throw error;
      this.warn(`the changelog of partition ${this.partition} lags behind: ${(error as Error).message}`);
    }
  }

  /** What failed may have arrived or not: the changelog starts anew with all there is. */
  private async beginAgain(): Promise<void> {
    await this.changelog.begin(copied(this.local));
    await keep(this.local, [[GENERATION, Buffer.from(this.changelog.generation)]]);
    this.failed = false;
  }
}

/** All facts as they are now, but for what is of this machine alone. */
function copied(log: LogBus): [name: string, value: Buffer][] {
  return [...log.facts(TABLE)].filter(([name]) => name !== GENERATION);
}

async function keep(log: LogBus, facts: Iterable<readonly [name: string, value: Uint8Array | null]>): Promise<void> {
  const commit = log.begin();
  for (const [name, value] of facts) commit.setFact(TABLE, name, value);
  await commit.commit();
}
