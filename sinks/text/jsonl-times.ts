import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** In JSON nothing else looks so: quotes inside texts are escaped, and no tag or column has this name. */
const TIME = /"timeUs":(-?\d+)/g;

/** The event times of rows in the `jsonlDialect`, of however many stand in a text. */
export function jsonTimes(text: string): number[] {
  return Array.from(text.matchAll(TIME), ([, digits]) => Number(digits));
}

/** Those of a file, line by line. */
export async function* jsonlTimes(input: Readable): AsyncIterable<number> {
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  // readline swallows the errors of what it reads.
  let fault: unknown = null;
  input.once('error', (error) => {
    fault = error;
    lines.close();
  });
  for await (const line of lines) yield* jsonTimes(line);
  if (fault !== null) throw fault;
}
