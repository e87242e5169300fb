import type { Refuse, RequestBuilder } from '../delivery/store.js';
import type { SinkBatch } from '../sink.js';
import type { StreamCache } from '../stream-cache.js';
import type { CollectionNames } from './collection-names.js';
import { DOCUMENT_BYTES_MAX, type RowDocument } from './row-document.js';
import { OpenCommand, type WriteCommand } from './write-command.js';

const FIRST_BYTES = 4096;

/** A document a row, in a command a collection, or several where they are large. */
export class InsertBuilder implements RequestBuilder<WriteCommand[]> {
  bytes = 0;
  private readonly open = new Map<string, OpenCommand>();
  private full: WriteCommand[] = [];
  /** Bytes of the largest command of the last request, which the next one's are likely to have, too. */
  private lastBytes = FIRST_BYTES;

  constructor(
    private readonly names: CollectionNames,
    private readonly documents: StreamCache<RowDocument>,
    private readonly refuse: Refuse,
  ) {}

  add(record: SinkBatch, from: number, to: number, bytesMax: number): number {
    const document = this.documents.of(record);
    const rowBytes = document.load(record);
    let command = this.commandOf(record);
    let row = from;
    for (; row < to && this.bytes < bytesMax; row++) {
      if (command.isFull) command = this.follow(command);
      const { out } = command;
      const start = out.at;
      out.reserve(rowBytes);
      document.write(row, out);
      const length = out.at - start;
      if (length > DOCUMENT_BYTES_MAX) {
        out.at = start;
        this.refuse({ record, row, reason: tooLong(length) });
        continue;
      }
      this.bytes += length;
      command.wrote(record, row);
    }
    document.unload();
    return row;
  }

  take(): WriteCommand[] {
    const open = [...this.open.values()].filter(({ count }) => count > 0);
    this.lastBytes = open.reduce((most, { out }) => Math.max(most, out.at), FIRST_BYTES);
    const commands = [...this.full, ...open.map((command) => command.take())];
    this.open.clear();
    this.full = [];
    this.bytes = 0;
    return commands;
  }

  private commandOf({ batch, tags }: SinkBatch): OpenCommand {
    const name = this.names.of(batch.stream, tags);
    let command = this.open.get(name);
    if (!command) {
      // The longest row of a request may stand behind its limit of bytes.
      const size = this.names.only === null ? FIRST_BYTES : Math.ceil(this.lastBytes * 1.1);
      command = new OpenCommand(name, size);
      this.open.set(name, command);
    }
    return command;
  }

  private follow(command: OpenCommand): OpenCommand {
    this.full.push(command.take());
    const next = new OpenCommand(command.collection, FIRST_BYTES);
    this.open.set(command.collection, next);
    return next;
  }
}

export function tooLong(bytes: number): string {
  return `its document has ${bytes} bytes; MongoDB takes ${DOCUMENT_BYTES_MAX}`;
}
