export type Value = string | number | boolean | bigint | null | Date | Buffer | Value[] | { [name: string]: Value };
export type Document = Record<string, Value>;

/**
 * BSON as far as commands of tests need it, apart from the driver's: a whole number is an int32, any other number a
 * double, a bigint an int64.
 */
export function encodeBson(document: Document | Value[]): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(document)) {
    const [type, bytes] = encoded(value);
    parts.push(Buffer.from([type]), Buffer.from(`${name}\0`), bytes);
  }
  const body = Buffer.concat(parts);
  return Buffer.concat([int32(body.length + 5), body, Buffer.from([0])]);
}

/** ObjectIds come as their bytes, timestamps of the server as int64. */
export function decodeBson(bytes: Buffer): Document {
  const document: Document = {};
  let at = 4;
  while (bytes[at] !== 0) {
    const type = bytes[at]!;
    const nameEnd = bytes.indexOf(0, at + 1);
    const name = bytes.toString('utf8', at + 1, nameEnd);
    const [value, size] = decoded(type, bytes, nameEnd + 1, name);
    document[name] = value;
    at = nameEnd + 1 + size;
  }
  return document;
}

function encoded(value: Value): [type: number, bytes: Buffer] {
  if (value === null) return [0x0a, Buffer.alloc(0)];
  if (typeof value === 'string') {
    const text = Buffer.from(`${value}\0`);
    return [0x02, Buffer.concat([int32(text.length), text])];
  }
  if (typeof value === 'boolean') return [0x08, Buffer.from([Number(value)])];
  if (typeof value === 'bigint') return [0x12, int64(value)];
  if (typeof value === 'number') {
    if (Number.isInteger(value)) return [0x10, int32(value)];
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return [0x01, bytes];
  }
  if (value instanceof Date) return [0x09, int64(BigInt(value.getTime()))];
  if (Buffer.isBuffer(value)) return [0x05, Buffer.concat([int32(value.length), Buffer.from([0]), value])];
  return [Array.isArray(value) ? 0x04 : 0x03, encodeBson(value)];
}

function decoded(type: number, bytes: Buffer, at: number, name: string): [value: Value, size: number] {
  const length = () => bytes.readInt32LE(at);
  switch (type) {
    case 0x01:
      return [bytes.readDoubleLE(at), 8];
    case 0x02:
      return [bytes.toString('utf8', at + 4, at + 3 + length()), 4 + length()];
    case 0x03:
      return [decodeBson(bytes.subarray(at, at + length())), length()];
    case 0x04:
      return [Object.values(decodeBson(bytes.subarray(at, at + length()))), length()];
    case 0x05:
      return [bytes.subarray(at + 5, at + 5 + length()), 5 + length()];
    case 0x07:
      return [bytes.subarray(at, at + 12), 12];
    case 0x08:
      return [bytes[at] === 1, 1];
    case 0x09:
      return [new Date(Number(bytes.readBigInt64LE(at))), 8];
    case 0x0a:
      return [null, 0];
    case 0x10:
      return [bytes.readInt32LE(at), 4];
    case 0x11:
    case 0x12:
      return [bytes.readBigInt64LE(at), 8];
    default:
      throw new Error(`no type of BSON that is known here: 0x${type.toString(16)}, of ${name}`);
  }
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
}
