import type { Readable } from 'node:stream';
import avro from 'avsc';

/** Of the rows of `RowAvro` no more than the time. */
const ROW_TIME = {
  type: 'record',
  name: 'pitwall.Row',
  fields: [{ name: 'time', type: { type: 'long', logicalType: 'timestamp-micros' } }],
} as const;

const rowTime = avro.Type.forSchema(ROW_TIME as unknown as avro.Schema);
const rowTimes = avro.Type.forSchema({ type: 'array', items: ROW_TIME } as unknown as avro.Schema);

interface RowTime {
  time: number;
}

/** Reads the event times out of values with one schema: a row of `RowAvro`, or an array of them. */
export class AvroTimes {
  private readonly isArray: boolean;
  private readonly type: avro.Type;
  private readonly resolver: object;

  /** Throws where it is no schema of such rows. */
  constructor(schemaText: string) {
    const schema = JSON.parse(schemaText) as avro.Schema & { type?: unknown };
    this.isArray = schema.type === 'array';
    this.type = this.isArray ? rowTimes : rowTime;
    this.resolver = this.type.createResolver(avro.Type.forSchema(schema));
  }

  of(value: Buffer): number[] {
    const read = this.type.fromBuffer(value, this.resolver as never) as RowTime | RowTime[];
    return this.isArray ? (read as RowTime[]).map(({ time }) => time) : [(read as RowTime).time];
  }
}

/** Event times of a file of `avroContainer`, block by block. */
export async function* avroContainerTimes(input: Readable): AsyncIterable<number> {
  const rows = new avro.streams.BlockDecoder({ readerSchema: ROW_TIME } as never);
  input.once('error', (error) => rows.destroy(error));
  input.pipe(rows);
  for await (const { time } of rows as AsyncIterable<RowTime>) yield time;
}
