import type { Refuse } from '../delivery/store.js';
import type { SinkBatch } from '../sink.js';
import { StreamCache } from '../stream-cache.js';
import type { TextBuffer } from '../text/text-buffer.js';
import { FieldTypes, type Integers } from './field-types.js';
import { LineEncoder } from './line-encoder.js';
import type { LineTemplate } from './line-template.js';
import { TagWatch } from './tag-watch.js';

const NOTES = {
  nonFinite: 'NaN and the infinities are left out, since InfluxDB has none',
  emptyRows: 'rows are left out that have no field but null, NaN and the infinities, since InfluxDB has no such rows',
  overwriting: 'rows of one series and one unit of time write over one another; precision: ns keeps them apart',
};

/** The encoders of a store's streams, a bounded number of them, and what all of them know and have left out. */
export class LineEncoders {
  readonly types: FieldTypes;
  readonly tags = new TagWatch();
  private readonly counts = { nonFinite: 0, emptyRows: 0, overwriting: 0 };
  private readonly encoders: StreamCache<LineEncoder>;
  private readonly warnings: string[] = [];
  private readonly said = new Set<string>();
  private refuse: Refuse = () => {};

  constructor(template: LineTemplate, integers: Integers) {
    this.types = new FieldTypes(integers);
    const refused = (record: SinkBatch, row: number, reason: string) => this.refuse({ record, row, reason });
    this.encoders = new StreamCache(
      ({ batch: { stream, schema }, tags }) =>
        new LineEncoder(template, stream, schema, tags, this.counts, refused, this),
    );
  }

  /** Rows that were encoded and gave no line, as all their cells are null or not finite; only grows. */
  get emptyRows(): number {
    return this.counts.emptyRows;
  }

  /** As `LineEncoder.encode`; what it refuses goes to `refuse`. */
  encode(record: SinkBatch, from: number, to: number, out: TextBuffer, bytesMax: number, refuse: Refuse): number {
    const encoder = this.encoders.of(record);
    this.refuse = refuse;
    const row = encoder.encode(record, from, to, out, bytesMax);
    if (row === record.batch.rows) encoder.unload();
    this.note(record.batch.stream);
    return row;
  }

  takeWarnings(): string[] {
    return [...this.warnings.splice(0), ...this.tags.takeWarnings()];
  }

  /** Each is said once. */
  private note(stream: string): void {
    for (const what of ['nonFinite', 'emptyRows', 'overwriting'] as const) {
      if (this.counts[what] === 0 || this.said.has(what)) continue;
      this.said.add(what);
      this.warnings.push(`${NOTES[what]} (first in ${stream})`);
    }
  }
}
