import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { PitwallError } from '../../core/errors.js';

const CHUNK_BYTES = 256 * 1024;

/** The file's text in pieces, UTF-8 without its byte order mark; gzip is recognised by its first two bytes. */
export async function* textChunks(path: string): AsyncGenerator<string> {
  try {
    const file = await open(path, 'r');
    try {
      const magic = Buffer.alloc(2);
      await file.read(magic, 0, 2, 0);
      const bytes = file.createReadStream({ start: 0, highWaterMark: CHUNK_BYTES, autoClose: false });
      const isGzip = magic[0] === 0x1f && magic[1] === 0x8b;
      // Errors reach the reader of the last stream; the callback only keeps `pipeline` from throwing them apart.
      const stream = isGzip ? pipeline(bytes, createGunzip({ chunkSize: CHUNK_BYTES }), () => {}) : bytes;
      stream.setEncoding('utf8');
      let isFirst = true;
      for await (const text of stream as AsyncIterable<string>) {
        yield isFirst && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
        isFirst = false;
      }
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof PitwallError) throw cause;
    throw new PitwallError('bad-usage', `${path} cannot be read: ${(cause as Error).message}`, {
      stage: 'command',
      cause,
    });
  }
}
