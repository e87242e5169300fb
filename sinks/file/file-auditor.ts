import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { asyncBufferFromFile } from 'hyparquet';
import { CsvParser } from '../../core/csv-parser.js';
import { type AuditedStream, type Auditor, inPieces } from '../auditor.js';
import { parquetTimes } from '../parquet/parquet-times.js';
import { jsonlTimes } from '../text/jsonl-times.js';
import type { FileSinkOptions } from './file-sink-options.js';
import { ignoresCase } from './state-folder.js';
import { pathOfStream } from './stream-path.js';

/** Reads the files of a file sink. */
export class FileAuditor implements Auditor {
  constructor(private readonly options: FileSinkOptions) {}

  async *times({ name }: AuditedStream): AsyncIterable<Float64Array> {
    const { path, format = 'jsonl' } = this.options;
    if (format === 'parquet') {
      const folder = join(path, pathOfStream(name, '', ignoresCase(path)));
      for (const file of parquetFiles(folder)) yield* parquetTimes(await asyncBufferFromFile(file));
      return;
    }
    const extension = `.${format}`;
    const base = join(path, pathOfStream(name, extension, ignoresCase(path)));
    for (const file of partsOf(base, extension))
      yield* inPieces(format === 'jsonl' ? jsonlTimes(createReadStream(file)) : csvTimes(file));
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
