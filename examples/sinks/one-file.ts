import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { JsonRequests, PitwallError, type Position, type Sink, type SinkModuleContext } from 'pitwall';

interface Options {
  /** The file that grows. */
  path: string;
}

/**
 * All rows as JSON lines in one file, each once. A sink of one's own, which keeps the positions itself: how long the file was
 * at a flush, and where the branch stood then, are written together, and `open` cuts off what came after.
 */
export default function createSink({ options: { path }, stateFolder }: SinkModuleContext<Options>): Sink {
  const builder = new JsonRequests({ format: 'jsonl', positions: false }).builder();
  const stateFile = join(stateFolder, 'state.json');
  const positions = new Map<string, Position>();
  let file: number | null = null;
  let bytes = 0;

  return {
    async open() {
      mkdirSync(stateFolder, { recursive: true });
      mkdirSync(dirname(path), { recursive: true });
      const state = readState(stateFile);
      bytes = state.bytes;
      positions.clear();
      for (const each of state.positions) positions.set(`${each.topic}/${each.partition}`, each);
      file ??= openSync(path, 'a');
      ftruncateSync(file, bytes);
      return state.positions;
    },
    async write(batches) {
      if (file === null) throw notOpen();
      for (const record of batches) {
        const { topic, partition, offset, batch } = record;
        const key = `${topic}/${partition}`;
        if (offset < (positions.get(key)?.offset ?? 0)) continue;
        for (let row = 0; row < batch.rows; ) row = builder.add(record, row, batch.rows, 1 << 20);
        positions.set(key, { topic, partition, offset: offset + 1 });
      }
      if (builder.bytes > 0) bytes += writeSync(file, builder.take().body);
    },
    async flush() {
      if (file === null) throw notOpen();
      fsyncSync(file);
      const state = { bytes, positions: [...positions.values()] };
      writeFileSync(`${stateFile}.new`, JSON.stringify(state), { flush: true });
      renameSync(`${stateFile}.new`, stateFile);
      return state.positions;
    },
    async close() {
      if (file !== null) closeSync(file);
      file = null;
    },
  };
}

function notOpen(): PitwallError {
  return new PitwallError('sink-failed', 'it is not open; open it first', { stage: 'sink', retryable: true });
}

function readState(path: string): { bytes: number; positions: Position[] } {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { bytes: 0, positions: [] };
    throw error;
  }
}
