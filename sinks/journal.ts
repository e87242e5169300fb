import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { sinkFailed } from './sink-failed.js';

/**
 * The sink's memory: a file of entries, one a line, `CHECKSUM JSON`. An entry is durable when `append` returns. A torn
 * last entry (a crash while it was written) is cut off; damage before the last entry is an error, since what follows
 * it cannot be trusted.
 */
export class Journal<Entry> {
  private fd = -1;
  private size = 0;

  constructor(
    private readonly path: string,
    private readonly sync: boolean,
  ) {}

  get bytes(): number {
    return this.size;
  }

  open(): Entry[] {
    this.close();
    const content = existsSync(this.path) ? readFileSync(this.path) : Buffer.alloc(0);
    const entries: Entry[] = [];
    let at = 0;
    while (at < content.length) {
      const newline = content.indexOf(10, at);
      const entry = newline < 0 ? undefined : parse<Entry>(content.toString('utf8', at, newline));
      if (entry === undefined) break;
      entries.push(entry);
      at = newline + 1;
    }
    const next = content.indexOf(10, at);
    if (at < content.length && next >= 0 && next < content.length - 1) {
      throw sinkFailed(
        `the journal ${this.path} is damaged at byte ${at}; restore it, or move it away together with the files it describes`,
        false,
      );
    }
    this.fd = openSync(this.path, 'a');
    if (at < content.length) ftruncateSync(this.fd, at);
    this.size = at;
    return entries;
  }

  append(entry: Entry): void {
    const bytes = Buffer.from(format(entry));
    for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at);
    if (this.sync) fdatasyncSync(this.fd);
    this.size += bytes.length;
  }

  /** Puts these entries in the place of all others, atomically. */
  replace(entries: readonly Entry[]): void {
    const text = entries.map(format).join('');
    const fresh = `${this.path}.new`;
    writeFileSync(fresh, text, { flush: this.sync });
    renameSync(fresh, this.path);
    if (this.sync) syncFolder(dirname(this.path));
    this.close();
    this.fd = openSync(this.path, 'a');
    this.size = Buffer.byteLength(text);
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
  }
}

/** Makes the names in a folder durable; Windows has no such call and needs none. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function format(entry: unknown): string {
  const text = JSON.stringify(entry);
  return `${checksum(text)} ${text}\n`;
}

function parse<Entry>(line: string): Entry | undefined {
  const text = line.slice(17);
  return line[16] === ' ' && line.slice(0, 16) === checksum(text) ? (JSON.parse(text) as Entry) : undefined;
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
