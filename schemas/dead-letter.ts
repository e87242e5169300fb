import { loadAvroType } from './avro-views.js';

/** What was refused and why; the fields are described in dead-letter.avsc. */
export interface DeadLetter {
  stream: string;
  code: string;
  reason: string;
  stage: string;
  column: string | null;
  cell: string | null;
  expected: string | null;
  client: string;
  receivedUs: number;
  decoder: string;
  original: Buffer;
}

const type = loadAvroType('dead-letter');

export function encodeDeadLetter(letter: DeadLetter): Buffer {
  return type.toBuffer(letter);
}

export function decodeDeadLetter(bytes: Buffer): DeadLetter {
  return type.fromBuffer(bytes) as DeadLetter;
}
