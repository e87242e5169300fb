/**
 * How far the clock of an entity runs on behind a row that waits for the next of its stream, before the row leaves all
 * the same: longer than what the streams of an entity are apart when they arrive, as the default `wait` of a join.
 */
export const GRACE_US = 5_000_000;

/** Rows that one lane may hold while they wait: nearly three hours of 100 Hz. */
export const HELD_ROWS_MAX = 1 << 20;
