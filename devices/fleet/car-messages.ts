import type { Batch } from '../../columnar/batch.js';
import type { Fleet } from './fleet.js';
import type { FleetStream } from './fleet-streams.js';

export interface CarMessagesOptions {
  car: number;
  fromUs: number;
  toUs: number;
  /** Rows of a message; 0: what comes in a fifth of a second, at least one row. */
  rows: number;
}

/** A batch of one sensor, and when the car has all of it. */
export interface CarMessage {
  batch: Batch;
  dueUs: number;
}

const MESSAGES_A_SECOND = 5;

/** What a car sends, in the order it has it: each sensor's rows in messages of some rows, the last ones perhaps smaller. */
export function* carMessages(fleet: Fleet, { car, fromUs, toUs, rows }: CarMessagesOptions): Generator<CarMessage> {
  const cursors = fleet.streams.map((stream) => {
    const each = rows > 0 ? rows : Math.max(1, Math.round(stream.rateHz / MESSAGES_A_SECOND));
    return { stream, stepUs: (each * 1e6) / stream.rateHz, atUs: fromUs };
  });
  for (;;) {
    let next: { stream: FleetStream; stepUs: number; atUs: number } | null = null;
    for (const cursor of cursors) {
      if (cursor.atUs >= toUs) continue;
      if (next === null || cursor.atUs + cursor.stepUs < next.atUs + next.stepUs) next = cursor;
    }
    if (next === null) return;
    const dueUs = Math.min(toUs, next.atUs + next.stepUs);
    const batch = fleet.batch(car, next.stream, next.atUs, dueUs);
    next.atUs += next.stepUs;
    if (batch) yield { batch, dueUs };
  }
}
