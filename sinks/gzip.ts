import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';

const pack = promisify<Uint8Array, { level: number }, Buffer>(gzip);

let turn: Promise<unknown> = Promise.resolve();

/**
 * The bytes packed, in a thread of Node's pool, one after the other in each worker thread: the commits of the log, which
 * devices' acknowledgements wait for, are made by the same few threads, and several requests that are packed at once would
 * take all of them.
 */
export function gzipped(bytes: Uint8Array, level: number = constants.Z_DEFAULT_COMPRESSION): Promise<Buffer> {
  const packed = turn.then(() => pack(bytes, { level }));
  turn = packed.catch(() => {});
  return packed;
}
