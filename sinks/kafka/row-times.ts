import type { FetchedMessage } from '../../kafka/kafka-fetcher.js';
import { PREFIX_BYTES, registryId, SchemaRegistryClient } from '../../kafka/schema-registry.js';
import { AvroTimes } from '../../schemas/avro-times.js';
import { jsonTimes } from '../text/jsonl-times.js';
import type { KafkaSinkOptions } from './kafka-sink-options.js';

const SCHEMAS_MAX = 4_096;

/** Reads the event times of the rows in messages of the sink. Throws for what is none. */
export class RowTimes {
  private readonly registry: SchemaRegistryClient | null;
  private readonly bySchema = new Map<string, AvroTimes>();

  constructor(private readonly options: Pick<KafkaSinkOptions, 'format' | 'registry'>) {
    this.registry = options.registry ? new SchemaRegistryClient(options.registry) : null;
  }

  async of({ value, headers }: FetchedMessage): Promise<number[]> {
    if (value === null) throw new Error('it has no value');
    if (this.options.format === 'json') return someOf(jsonTimes(value.toString()));
    if (!this.registry) {
      if (headers.schema === undefined) throw new Error('it has no header "schema"');
      return this.read(String(headers.schema), value);
    }
    const id = registryId(value);
    if (id === null) throw new Error('it does not begin with the id of a schema');
    const schema = await this.registry.schema(id);
    if (schema === null) throw new Error(`the registry has no schema ${id}`);
    return this.read(schema, value.subarray(PREFIX_BYTES));
  }

  private read(schemaText: string, value: Buffer): number[] {
    let times = this.bySchema.get(schemaText);
    if (!times) {
      if (this.bySchema.size >= SCHEMAS_MAX) this.bySchema.clear();
      this.bySchema.set(schemaText, (times = new AvroTimes(schemaText)));
    }
    return times.of(value);
  }
}

function someOf(times: number[]): number[] {
  if (times.length === 0) throw new Error('it holds no row with a timeUs');
  return times;
}
