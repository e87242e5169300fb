import avro from 'avsc';
import type { Cell, Row } from '../../contract/sink-workload.js';

/** Longs as bigint, so that none is rounded. */
const longs = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
});

const types = new Map<string, { type: avro.Type; names: Map<string, string> }>();

/** What plain avsc makes of a value, with the names that the schema says stand behind those of the fields. */
export function avroRowsOf(schemaText: string, value: Buffer): Row[] {
  let known = types.get(schemaText);
  if (!known) {
    const schema = JSON.parse(schemaText) as {
      items?: object;
      fields?: { name: string; column?: string; tag?: string }[];
    };
    const record = (schema.items ?? schema) as typeof schema;
    const names = new Map(record.fields!.map(({ name, column, tag }) => [name, column ?? tag ?? name]));
    const type = avro.Type.forSchema(schema as avro.Schema, { registry: { long: longs }, wrapUnions: false } as never);
    types.set(schemaText, (known = { type, names }));
  }
  const decoded = [known.type.fromBuffer(value)].flat() as Record<string, unknown>[];
  return decoded.map((cells) => {
    const row: Row = {};
    for (const [name, cell] of Object.entries(cells)) {
      if (cell === null || name === 'stream') continue;
      const plain = typeof cell === 'bigint' && Number.isSafeInteger(Number(cell)) ? Number(cell) : cell;
      row[name === 'time' ? 'timeUs' : known.names.get(name)!] = plain as Cell;
    }
    return row;
  });
}
