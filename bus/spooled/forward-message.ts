import type { BusRecord, OriginPart, RecordMeta } from '../bus.js';

/**
 * What goes to the broker as one message: a record of the spool as it is, several of one stream, or some rows of one.
 * `receivedUs` is that of its newest record, `sequence` that of its last part.
 */
export interface ForwardMessage extends RecordMeta {
  /** Absent: all rows of `sequence`. See BusRecord. */
  parts: readonly OriginPart[] | undefined;
  /** Fingerprint of the rows' schema; 0 for a tick and for what is no `TelemetryBatch`. */
  schema: number;
  /** 0 for a tick and for what is no `TelemetryBatch`. */
  rows: number;
  /** Null for a tick. Of a record that is sent as it is: the record's own view. */
  value: Buffer | null;
}

/** Where the rows of a record or message come from, spelt out. */
export function partsOf(of: Pick<BusRecord, 'sequence' | 'parts'>, rows: number): readonly OriginPart[] {
  return of.parts ?? [{ sequence: of.sequence, firstRow: 0, rows }];
}
