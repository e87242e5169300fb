import type { Schema } from '../../columnar/schema.js';
import { sameTags } from '../../core/same-tags.js';
import { partitionOfKey } from '../../kafka/key-partition.js';
import { registryPrefixBytes, SchemaRegistryClient, valueSubject } from '../../kafka/schema-registry.js';
import type { TopicAdmin, TopicFacts, TopicSpec } from '../../kafka/topic-admin.js';
import { RowAvro } from '../../schemas/row-avro.js';
import type { SinkBatch } from '../sink.js';
import { sinkFailed } from '../sink-failed.js';
import type { EncodeCounts } from '../text/row-encoder.js';
import type { KafkaSinkOptions } from './kafka-sink-options.js';
import type { Route } from './outbox.js';
import { AvroRows, JsonRows, type RowFormat } from './row-format.js';
import { TopicNames } from './topic-names.js';

interface Known {
  tags: Readonly<Record<string, string>>;
  fingerprint: number;
  key: string;
  route: Route;
}

/** What streams name comes from devices. */
const TOPICS_MAX = 1_000;
/** Streams, and columns of one stream, whose routes are kept at hand. */
const STREAMS_MAX = 4_096;
const ROUTES_OF_STREAM_MAX = 16;
/** Before compression: where the brokers do not say what a topic takes, their own default is 1 MiB. */
const BATCH_BYTES = 900_000;
const BATCH_BYTES_MAX = 4 * 1024 * 1024;
/** Small enough to be read at once by whoever reads the topic. */
const MESSAGE_BYTES_MAX = 256 * 1024;
const NO_PREFIX = Buffer.alloc(0);

/** Where rows go and as what. Topics are made, and schemas registered, when the first row for them comes. */
export class Routes {
  readonly names: TopicNames;
  private readonly topics = new Map<string, TopicFacts>();
  private readonly streams = new Map<string, Known[]>();
  private readonly registry: SchemaRegistryClient | null;

  constructor(
    private readonly sink: string,
    private readonly options: KafkaSinkOptions,
    private readonly admin: TopicAdmin,
    private readonly counts: EncodeCounts,
  ) {
    this.names = new TopicNames(options.topic);
    this.registry = options.registry ? new SchemaRegistryClient(options.registry) : null;
  }

  /** Makes what is needed whatever the rows are. */
  async open(): Promise<void> {
    const { replication } = this.options;
    await this.admin.ensure([positionsSpec(this.names.positions, replication)]);
    if (this.names.only !== null) await this.topic(this.names.only);
  }

  async of({ batch, tags, key }: SinkBatch): Promise<Route> {
    const { stream, schema } = batch;
    let known = this.streams.get(stream);
    if (!known) {
      if (this.streams.size >= STREAMS_MAX) this.streams.clear();
      this.streams.set(stream, (known = []));
    }
    const { fingerprint } = schema;
    const found = known.find(
      (each) => each.fingerprint === fingerprint && each.key === key && sameTags(each.tags, tags),
    );
    if (found) return found.route;
    if (known.length >= ROUTES_OF_STREAM_MAX) known.length = 0;
    const route = await this.make(stream, schema, tags, key);
    known.push({ tags, fingerprint, key, route });
    return route;
  }

  /** Bytes of messages that a topic takes at once. */
  batchBytesMax(topic: string): number {
    const bytes = this.topics.get(topic)?.maxMessageBytes ?? BATCH_BYTES;
    return Math.min(BATCH_BYTES_MAX, Math.floor(bytes * 0.9));
  }

  private async make(
    stream: string,
    schema: Schema,
    tags: Readonly<Record<string, string>>,
    key: string,
  ): Promise<Route> {
    const topic = this.names.of(stream, tags);
    const { partitions } = await this.topic(topic);
    const headers: Record<string, string> = { stream };
    for (const tag of Object.keys(tags)) headers[`tag.${tag}`] = tags[tag]!;
    return {
      topic,
      partition: partitionOfKey(key, partitions),
      key,
      headers,
      format: await this.format(topic, stream, schema, tags, headers),
      messageBytesMax: Math.min(MESSAGE_BYTES_MAX, this.batchBytesMax(topic)),
    };
  }

  private async format(
    topic: string,
    stream: string,
    schema: Schema,
    tags: Readonly<Record<string, string>>,
    headers: Record<string, string>,
  ): Promise<RowFormat> {
    const isJoined = this.options.rows === 'batch';
    if (this.options.format === 'json') return new JsonRows(stream, schema, tags, isJoined, this.counts);
    const rows = new RowAvro(stream, schema, tags);
    const text = AvroRows.schemaText(rows, isJoined);
    if (!this.registry) {
      headers.schema = text;
      return new AvroRows(rows, isJoined, NO_PREFIX);
    }
    const id = await this.registry.id(valueSubject(topic), text);
    return new AvroRows(rows, isJoined, registryPrefixBytes(id));
  }

  private async topic(topic: string): Promise<TopicFacts> {
    const known = this.topics.get(topic);
    if (known) return known;
    if (this.topics.size >= TOPICS_MAX) {
      const what = `${topic} would be one more than the ${TOPICS_MAX} topics it may write to`;
      throw sinkFailed(`kafka sink "${this.sink}": ${what}; put less of the streams into topic`, false);
    }
    const { partitions, replication } = this.options;
    const spec = { topic, partitions, replication, configs: {}, anyPartitions: true };
    const { topics } = await this.admin.ensure([spec]);
    const facts = topics.get(topic)!;
    this.topics.set(topic, facts);
    return facts;
  }
}

/**
 * Compacted, in small segments, and the ends of transactions go soon after what they ended: whoever opens the sink
 * reads all of it.
 */
function positionsSpec(topic: string, replication: number | null): TopicSpec {
  const configs = {
    'cleanup.policy': 'compact',
    'segment.bytes': String(8 * 1024 * 1024),
    'segment.ms': String(3_600_000),
    'delete.retention.ms': String(60_000),
    'min.cleanable.dirty.ratio': '0.3',
  };
  return { topic, partitions: 1, replication, configs };
}
