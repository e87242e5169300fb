import { ChangelogImage } from './changelog-image.js';
import type { ChangelogKeys } from './changelog-keys.js';
import { type PartitionSource, readPartition } from './changelog-reader.js';

export interface ChangelogProgress {
  /** Offsets passed, and to pass; compaction leaves gaps, so records are fewer. */
  done: number;
  total: number;
  /** Bytes of keys and values that have been read. */
  bytes: number;
}

export interface ScanOptions {
  /** Else only which keys there are. */
  keepValues: boolean;
  progress?: (progress: ChangelogProgress) => void;
}

/** A unit as a partition holds it, as of the offset `end`. */
export interface ChangelogScan {
  image: ChangelogImage;
  /** First offset of the partition; what is before it has been deleted. */
  start: number;
  end: number;
}

/** Reads a whole partition of the changelog. */
export async function scanChangelog(
  source: PartitionSource,
  keys: ChangelogKeys,
  { keepValues, progress }: ScanOptions,
): Promise<ChangelogScan> {
  const { fetcher, topic, partition } = source;
  const before = await fetcher.bounds(topic, partition);
  const image = new ChangelogImage(keys, keepValues);
  let bytes = 0;
  const report = (position: number, end: number) =>
    progress?.({ done: position - before.start, total: Math.max(position, end) - before.start, bytes });
  report(before.start, before.end);
  const end = await readPartition(source, before.start, (messages) => {
    for (const message of messages) {
      image.apply(message);
      bytes += (message.key?.length ?? 0) + (message.value?.length ?? 0);
    }
    report(messages.at(-1)!.offset + 1, before.end);
  });
  fetcher.forget(topic, partition);
  const { start } = await fetcher.bounds(topic, partition);
  return { image, start, end };
}
