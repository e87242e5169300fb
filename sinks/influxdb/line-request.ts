import type { RowSpan } from '../delivery/row-spans.js';
import type { Refuse, RefusedRow, RequestBuilder } from '../delivery/store.js';
import { StoreFault } from '../delivery/store-fault.js';
import type { SinkBatch } from '../sink.js';
import { TextBuffer } from '../text/text-buffer.js';
import type { LineEncoders } from './line-encoders.js';

/** Lines, and the rows that they came from. */
export interface LineRequest {
  lines: Buffer;
  /** How many lines these are: a row has one, or none. */
  count: number;
  spans: readonly RowSpan[];
  /** Rows of the spans that could not be encoded. */
  refused: readonly RefusedRow[];
}

const FIRST_BYTES = 64 * 1024;

export class LineRequestBuilder implements RequestBuilder<LineRequest> {
  private out = new TextBuffer(FIRST_BYTES);
  private spans: RowSpan[] = [];
  private refused: RefusedRow[] = [];
  private count = 0;

  constructor(
    private readonly encoders: LineEncoders,
    private readonly refuse: Refuse,
  ) {}

  get bytes(): number {
    return this.out.at;
  }

  add(record: SinkBatch, from: number, to: number, bytesMax: number): number {
    const empty = this.encoders.emptyRows;
    const refused = this.refused.length;
    const next = this.encoders.encode(record, from, to, this.out, bytesMax, (row) => {
      this.refused.push(row);
      this.refuse(row);
    });
    if (next > from) this.spans.push({ record, from, to: next });
    this.count += next - from - (this.encoders.emptyRows - empty) - (this.refused.length - refused);
    return next;
  }

  take(): LineRequest {
    const { out, spans, refused, count } = this;
    this.out = new TextBuffer(Math.max(FIRST_BYTES, Math.ceil(out.at * 1.1)));
    this.spans = [];
    this.refused = [];
    this.count = 0;
    return { lines: out.bytes.subarray(0, out.at), count, spans, refused };
  }
}

/** The same rows once more, by what is known of the store now. `more` are those refused only now. */
export function encodeAgain(
  encoders: LineEncoders,
  request: LineRequest,
): { request: LineRequest; more: RefusedRow[] } {
  const builder = new LineRequestBuilder(encoders, () => {});
  for (const { record, from, to } of request.spans) {
    for (let at = from; at < to; ) at = builder.add(record, at, to, Number.POSITIVE_INFINITY);
  }
  const again = builder.take();
  const before = request.refused;
  const more = again.refused.filter(({ record, row }) => !before.some((b) => b.record === record && b.row === row));
  return { request: again, more };
}

/**
 * The rows of some lines, by the lines' numbers from 0. Throws a StoreFault `rows` where a number is none of the request,
 * or its rows would give other lines now.
 */
export function rowsOfLines(
  encoders: LineEncoders,
  request: LineRequest,
  refused: readonly { line: number; reason: string }[],
): RefusedRow[] {
  const reasons = new Map(refused.map(({ line, reason }) => [line, reason]));
  const rows: RefusedRow[] = [];
  const out = new TextBuffer(FIRST_BYTES);
  let line = 0;
  let bytes = 0;
  for (const { record, from, to } of request.spans) {
    for (let row = from; row < to; row++) {
      out.at = 0;
      encoders.encode(record, row, row + 1, out, Number.POSITIVE_INFINITY, () => {});
      if (out.at === 0) continue;
      const end = bytes + out.at;
      if (!out.bytes.subarray(0, out.at).equals(request.lines.subarray(bytes, end))) throw unknownLines();
      const reason = reasons.get(line++);
      if (reason !== undefined) rows.push({ record, row, reason });
      bytes = end;
    }
  }
  if (bytes !== request.lines.length || rows.length !== reasons.size) throw unknownLines();
  return rows;
}

function unknownLines(): StoreFault {
  return new StoreFault('rows', 'refuses lines by numbers that the request does not have');
}
