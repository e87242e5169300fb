import { type Batch, isNull } from '../../columnar/batch.js';
import type { Schema } from '../../columnar/schema.js';
import { wordsOf } from '../text/text-buffer.js';
import { BSON, type BsonBuffer, elementStart } from './bson-buffer.js';
import { ColumnCells } from './column-cells.js';
import type { LaidMember } from './field-names.js';

/** What is written for a row, one after the other. */
interface Step {
  words: Int32Array;
  /** How many bytes of `words` there are. */
  length: number;
  /** Null: `words` begins a document in the document, or ends it where there are none. */
  cells: ColumnCells | null;
}

/** The columns of one schema as elements of a document a row. Null cells are left out, and documents without any. */
export class RowFields {
  private readonly steps: Step[] = [];
  private readonly columns: ColumnCells[] = [];
  private readonly opened: number[] = [];

  constructor(schema: Schema, members: readonly LaidMember[]) {
    this.lay(schema, members);
  }

  /** Takes the cells of a batch; returns the bytes that the longest row may need. */
  load(batch: Batch): number {
    let bytes = 0;
    for (const column of this.columns) {
      column.load(batch);
      bytes += column.longest;
    }
    for (const { words } of this.steps) bytes += 4 * words.length + 5;
    return bytes;
  }

  unload(): void {
    for (const column of this.columns) column.unload();
  }

  write(row: number, out: BsonBuffer): void {
    const { steps } = this;
    for (let i = 0; i < steps.length; i++) {
      const { words, length, cells } = steps[i]!;
      if (cells === null) {
        if (length > 0) this.open(words, length, out);
        else this.close(out);
      } else if (cells.nulls === null || !isNull(cells.nulls, row)) {
        out.copyWords(words, length);
        cells.write(row, out);
      }
    }
  }

  private open(words: Int32Array, length: number, out: BsonBuffer): void {
    this.opened.push(out.at);
    out.copyWords(words, length);
    this.opened.push(out.at);
    out.int32(0);
  }

  private close(out: BsonBuffer): void {
    const start = this.opened.pop()!;
    const before = this.opened.pop()!;
    if (out.at === start + 4) out.at = before;
    else out.endDocument(start);
  }

  private lay(schema: Schema, members: readonly LaidMember[]): void {
    for (const member of members) {
      if ('column' in member) {
        const cells = new ColumnCells(member.column, schema.fields[member.column]!);
        this.columns.push(cells);
        this.steps.push(stepOf(elementStart(cells.type, member.name), cells));
      } else {
        this.steps.push(stepOf(elementStart(BSON.document, member.name), null));
        this.lay(schema, member.members);
        this.steps.push(stepOf(Buffer.alloc(0), null));
      }
    }
  }
}

function stepOf(bytes: Buffer, cells: ColumnCells | null): Step {
  return { words: wordsOf(bytes), length: bytes.length, cells };
}
