import { close, fdatasync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { asyncBufferFromFile } from 'hyparquet';
import { FileSink } from '../../sinks/file/file-sink.js';
import { countParquet } from './count-parquet.js';
import { RowTally } from './row-tally.js';
import { FLUSH_MS } from './sink-driver.js';
import type { BareWriter, Subject } from './subject.js';

const [closeAsync, fdatasyncAsync] = [promisify(close), promisify(fdatasync)];
const CHUNK_BYTES = 256 * 1024;

interface Ready {
  path: string;
  bytes: Buffer;
}

/** Files below a folder. The bare client writes those of the sink once more. */
export const fileSubject: Subject = {
  writesAgain: true,
  async make(_, place) {
    mkdirSync(place);
  },
  sink: async ({ place, options }) => new FileSink('bench', { path: place, format: options.format }),
  async bare({ place, written, options }) {
    const files = filesOf(written).map((path) => ({
      path: join(place, path),
      bytes: readFileSync(join(written, path)),
    }));
    for (const { path } of files) mkdirSync(dirname(path), { recursive: true });
    return options.format === 'parquet' ? wholeFiles(files) : growingFiles(files);
  },
  async count(_, place, rows) {
    const tally = new RowTally(rows);
    for (const path of filesOf(place)) {
      if (path.endsWith('.parquet')) await countParquet(await asyncBufferFromFile(join(place, path)), tally);
      else countLines(readFileSync(join(place, path)), tally);
    }
    return tally;
  },
  async remove(_, place) {
    rmSync(place, { recursive: true, force: true });
  },
};

/** Written in turn, all of them made durable as often as a branch does. */
function growingFiles(files: Ready[]): BareWriter {
  return {
    warm: async () => {},
    async write() {
      const open = files.map(({ path, bytes }) => ({ fd: openSync(path, 'w'), bytes, at: 0 }));
      const sync = () => Promise.all(open.map(({ fd }) => fdatasyncAsync(fd)));
      let syncedMs = performance.now();
      for (let isDone = false; !isDone; ) {
        isDone = true;
        for (const file of open) {
          const length = Math.min(CHUNK_BYTES, file.bytes.length - file.at);
          if (length > 0) file.at += writeSync(file.fd, file.bytes, file.at, length);
          if (file.at < file.bytes.length) isDone = false;
        }
        if (performance.now() - syncedMs < FLUSH_MS) continue;
        await sync();
        syncedMs = performance.now();
      }
      await sync();
      await Promise.all(open.map(({ fd }) => closeAsync(fd)));
      return bytesOf(files);
    },
    close: async () => {},
  };
}

/** Each written from end to end; all of them made durable together. */
function wholeFiles(files: Ready[]): BareWriter {
  return {
    warm: async () => {},
    async write() {
      const open = files.map(({ path, bytes }) => {
        const fd = openSync(path, 'w');
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
        return fd;
      });
      await Promise.all(open.map((fd) => fdatasyncAsync(fd)));
      await Promise.all(open.map((fd) => closeAsync(fd)));
      return bytesOf(files);
    },
    close: async () => {},
  };
}

function bytesOf(files: readonly Ready[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** Files of streams, below the folder; what a sink remembers stands in a folder with a dot. */
function filesOf(folder: string): string[] {
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return all.filter((path) => /\.(jsonl|parquet)$/.test(path) && !path.startsWith('.')).sort();
}

const STREAM = Buffer.from('"stream":"');
const TIME = Buffer.from('"timeUs":');

function countLines(bytes: Buffer, tally: RowTally): void {
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at);
    const stream = bytes.indexOf(STREAM, at) + STREAM.length;
    const time = bytes.indexOf(TIME, at) + TIME.length;
    const timeUs = Number.parseInt(bytes.toString('latin1', time, time + 20), 10);
    tally.add(bytes.toString('latin1', stream, bytes.indexOf(34, stream)), timeUs);
    at = end + 1;
  }
}
