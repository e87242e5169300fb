import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { asyncBufferFromFile } from 'hyparquet';
import { CsvParser } from '../../core/csv-parser.js';
import { type AuditedStream, type Auditor, inPieces } from '../auditor.js';
import { parquetTimes } from '../parquet/parquet-times.js';
import type { FileSinkOptions } from './file-sink-options.js';
import { pathOfStream } from './stream-path.js';

/** The first of a line: quotes inside the stream's name before it are escaped. */
const JSONL_TIME = /"timeUs":(-?\d+)/;

/** Reads the files of a file sink. */
export class FileAuditor implements Auditor {
  constructor(private readonly options: FileSinkOptions) {}

  async *times({ name }: AuditedStream): AsyncIterable<Float64Array> {
    const { path, format = 'jsonl' } = this.options;
    if (format === 'parquet') {
      const folder = join(path, pathOfStream(name, '', false));
      for (const file of parquetFiles(folder)) yield parquetTimes(await asyncBufferFromFile(file));
      return;
    }
    const extension = `.${format}`;
    const base = join(path, pathOfStream(name, extension, false));
    for (const file of partsOf(base, extension))
      yield* inPieces(format === 'jsonl' ? jsonlTimes(file) : csvTimes(file));
  }

  async close(): Promise<void> {}
}

function parquetFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith('partition='))
    .flatMap((entry) => readdirSync(join(folder, entry.name)).map((file) => join(folder, entry.name, file)))
    .filter((file) => file.endsWith('.parquet'));
}

/** A csv file whose columns have changed goes on in a numbered part. */
function partsOf(base: string, extension: string): string[] {
  const files: string[] = [];
  for (let part = 1; ; part++) {
    const file = part === 1 ? `${base}${extension}` : `${base}.${part}${extension}`;
    if (!existsSync(file)) return files;
    files.push(file);
  }
}

async function* jsonlTimes(file: string): AsyncIterable<number> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    const found = JSONL_TIME.exec(line);
    if (found) yield Number(found[1]);
  }
}

/** The time is the second column; the first record holds the names. */
async function* csvTimes(file: string): AsyncIterable<number> {
  const parser = new CsvParser();
  let isHeader = true;
  for await (const piece of createReadStream(file, 'utf8')) {
    for (const { cells } of parser.push(piece as string)) {
      if (!isHeader) yield Number(cells[1]);
      isHeader = false;
    }
  }
}
