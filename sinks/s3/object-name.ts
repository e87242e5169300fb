import { createHash } from 'node:crypto';
import { type Point, parsePoint, pointText } from './point.js';

/** What the name of an object says: which rows of which stream are in it. */
export interface ObjectRange {
  /** The key up to its partition, prefix included. */
  folder: string;
  partition: number;
  /** Which stream of which log, as `sourceOf` makes it. */
  source: string;
  /** The first row and the last one. Rows of the stream between them may be in other folders. */
  first: Point;
  last: Point;
  /** The first row of the stream's object that was begun before this one; null: there is none. */
  previous: Point | null;
}

const STREAM_LENGTH = 10;
const START = 'start';
const POINT = '\\d{16,}\\.\\d{7,}';
const KEY = new RegExp(
  `^(.+)/partition=(\\d+)/([0-9a-f]{16})-(${POINT})-(${POINT})-(${START}|${POINT})\\.(parquet|jsonl|jsonl\\.gz|avro)$`,
);

/**
 * A stream of a log in 16 characters: those of the log (its topic and identity), then those of the stream. Offsets begin
 * anew in another log, so the objects of each are apart.
 */
export function sourceOf(topic: string, stream: string): string {
  return logOf(topic) + streamHash(stream);
}

/** What the sources of a stream end with, whatever the log. */
export function streamHash(stream: string): string {
  return hash(stream, STREAM_LENGTH);
}

/** That of the stream whose rows are in an object; null for a key that is not of an object of rows. */
export function streamHashOf(key: string): string | null {
  return parseKey(key)?.source.slice(-STREAM_LENGTH) ?? null;
}

/** What the sources of a log begin with. */
export function logOf(topic: string): string {
  return hash(topic, 6);
}

function hash(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

/** `FOLDER/partition=P/SOURCE-FIRST-LAST-PREVIOUS.EXTENSION` */
export function objectKey(range: ObjectRange, extension: string): string {
  const { folder, partition, source, first, last, previous } = range;
  const points = [pointText(first), pointText(last), previous === null ? START : pointText(previous)];
  return `${folder}/partition=${partition}/${source}-${points.join('-')}.${extension}`;
}

/** Null for a key that is not of an object of rows. */
export function parseKey(key: string): ObjectRange | null {
  const match = KEY.exec(key);
  if (!match) return null;
  const [, folder, partition, source, first, last, previous] = match as unknown as string[];
  return {
    folder: folder!,
    partition: Number(partition),
    source: source!,
    first: parsePoint(first!),
    last: parsePoint(last!),
    previous: previous === START ? null : parsePoint(previous!),
  };
}
