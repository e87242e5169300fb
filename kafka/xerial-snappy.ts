/**
 * The framing that Kafka's Java clients put around snappy (snappy-java's SnappyOutputStream): a header of 16 bytes, then
 * blocks, each behind its length. Snappy itself has no frame; other clients may send a bare block, which is read too.
 */

/** Magic, version 1, readable since version 1. */
const HEADER = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
const MAGIC = HEADER.subarray(0, 8);
/** Before compression. As large as in the Java clients, whose readers hold one block. */
const BLOCK_BYTES = 32 * 1024;

type Transform = (bytes: Buffer) => Buffer;

export function frameSnappy(bytes: Buffer, compress: Transform): Buffer {
  const parts: Buffer[] = [HEADER];
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = compress(bytes.subarray(at, at + BLOCK_BYTES));
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

/** Throws where the frame ends within a block. */
export function unframeSnappy(bytes: Buffer, uncompress: Transform): Buffer {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return uncompress(bytes);
  const parts: Buffer[] = [];
  for (let at = HEADER.length; at < bytes.length; ) {
    const start = at + 4;
    const end = start <= bytes.length ? start + bytes.readUInt32BE(at) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) throw new Error('a snappy block is cut off');
    parts.push(uncompress(bytes.subarray(start, end)));
    at = end;
  }
  return Buffer.concat(parts);
}
