import zlib from 'node:zlib';
import kafkajs from 'kafkajs';
import { PitwallError } from '../core/errors.js';
import type { KafkaCompression } from './kafka-connection.js';
import { frameSnappy, unframeSnappy } from './xerial-snappy.js';

const { CompressionCodecs, CompressionTypes } = kafkajs;

export const COMPRESSION_TYPES: Record<KafkaCompression, number> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
};

interface Codec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

/**
 * Makes kafkajs, which has gzip alone, read and write snappy and lz4, and zstd where Node has it. What they need of
 * native code is loaded with the first message that uses it: a machine that has none for it runs without.
 */
export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.Snappy] = () => snappy;
  CompressionCodecs[CompressionTypes.LZ4] = () => lz4;
  CompressionCodecs[CompressionTypes.ZSTD] = () => zstd;
}

/** Of a whole; null where there is none. The bytes may be used again when it is done. */
export function compressorOf(compression: KafkaCompression): ((bytes: Buffer) => Promise<Buffer>) | null {
  if (compression === 'none') return null;
  registerCodecs();
  const codec = CompressionCodecs[COMPRESSION_TYPES[compression] as keyof typeof CompressionCodecs]() as Codec;
  return (buffer) => codec.compress({ buffer });
}

const snappy: Codec = {
  async compress({ buffer }) {
    const { compressSync } = await snappyLibrary();
    // Without copyOutputData each block costs a finalizer, which takes longer than the copy.
    return frameSnappy(buffer, (block) => compressSync(block, { copyOutputData: true }));
  },
  async decompress(bytes) {
    const { uncompressSync } = await snappyLibrary();
    return unframeSnappy(bytes, (block) => uncompressSync(block, { copyOutputData: true }) as Buffer);
  },
};

/** LZ4 frames of independent blocks, the one kind that Kafka's Java clients read. */
const lz4: Codec = {
  async compress({ buffer }) {
    return (await lz4Library()).compressFrameSync(buffer);
  },
  async decompress(bytes) {
    return (await lz4Library()).decompressFrameSync(bytes);
  },
};

/** Of Node 22.15 and later. Nothing here writes it; others' messages may be read. */
const zstd: Codec = {
  async compress({ buffer }) {
    return zstdLibrary().zstdCompressSync(buffer);
  },
  async decompress(bytes) {
    return zstdLibrary().zstdDecompressSync(bytes);
  },
};

const snappyLibrary = once('snappy', async () => {
  const { default: library } = await import('snappy');
  return library;
});
const lz4Library = once('lz4', async () => {
  const { default: library } = await import('lz4-napi');
  return library;
});

function zstdLibrary(): Record<'zstdCompressSync' | 'zstdDecompressSync', (bytes: Buffer) => Buffer> {
  if (!('zstdDecompressSync' in zlib)) throw missing('zstd', 'Node has it from 22.15 on.');
  return zlib as never;
}

/** Loads what a codec needs, the first time. */
function once<T>(name: string, load: () => Promise<T>): () => Promise<T> {
  let library: Promise<T> | undefined;
  return () => {
    library ??= load().catch((cause: unknown) => {
      const machine = `${process.platform}-${process.arch}`;
      throw missing(
        name,
        `its native library is not there for ${machine}; was it installed with --omit=optional?`,
        cause,
      );
    });
    return library;
  };
}

function missing(name: string, why: string, cause?: unknown): PitwallError {
  const message = `Kafka messages compressed with ${name} cannot be read or written here: ${why} Use gzip or none.`;
  return new PitwallError('bad-configuration', message, { stage: 'bus', cause });
}
