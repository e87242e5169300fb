import type { FileSinkOptions } from '../../../sinks/file/file-sink-options.js';
import { section } from '../spec/collections.js';
import { choice, duration, integer, path, size } from '../spec/scalars.js';
import type { ValueOf } from '../spec/spec.js';
import { flushedBranch, flushedKeys } from './common-keys.js';

export const keys = {
  ...flushedKeys,
  path: {
    spec: path('folder'),
    required: true,
    example: './data/out',
    doc: 'The folder of the files; each stream has its own below',
  },
  format: { spec: choice({ jsonl: true, parquet: true, csv: true }), default: 'jsonl', doc: 'What is written' },
  roll: section(
    {
      size: { spec: size(1, '1B'), default: '64MiB', doc: 'A file is closed at this size' },
      rows: { spec: integer(1, 1e9), default: 1_000_000, doc: 'A file is closed at this many rows' },
      every: { spec: duration(1e3, '1ms'), default: '1m', doc: 'A file is closed when it has been open this long' },
    },
    'When a Parquet file is closed and the next one begun; jsonl and csv grow one file a stream',
  ),
} as const;

type Checked = ValueOf<typeof keys>;

export const branch = flushedBranch;

export function options({ path: folder, format, roll }: Checked): FileSinkOptions {
  const { size: sizeBytes, rows, every } = roll;
  return { path: folder, format, roll: { sizeBytes, rows, everyUs: every } };
}

/** For summaries and graphs; the key whose text, as the file has it, says where the rows go. */
export const placeKey = 'path';
