/** What InfluxDB may have a field of. */
export type StoredType = 'float' | 'integer' | 'unsigned' | 'string' | 'boolean';

/**
 * What a new field of whole numbers is stored as. `auto`: a column of `i64`, which JSON makes of whole numbers until the
 * first fraction comes, as float where a double holds its first cells; narrower ones, which are declared, as integer.
 */
export type Integers = 'auto' | 'integer' | 'float';

const FIELDS_MAX = 100_000;

/**
 * The type of each field of each measurement, which the store keeps for good: what it says it has, else what was written
 * first. Beyond so many fields nothing more is remembered, and the store alone decides. Names are those in the store.
 */
export class FieldTypes {
  /** Grows when the store has said something new; what was decided by these types is then to be decided again. */
  version = 0;
  private readonly measurements = new Map<string, Map<string, StoredType>>();
  private count = 0;

  constructor(readonly integers: Integers) {}

  get(measurement: string, field: string): StoredType | undefined {
    return this.measurements.get(storedName(measurement))?.get(field);
  }

  /** Of a field that is written for the first time. */
  pin(measurement: string, field: string, type: StoredType): void {
    this.set(storedName(measurement), field, type);
  }

  /** What the store says it has, in its own names; goes before what was pinned. */
  learn(measurement: string, field: string, type: StoredType): void {
    if (this.measurements.get(measurement)?.get(field) === type) return;
    this.set(measurement, field, type);
    this.version++;
  }

  private set(measurement: string, field: string, type: StoredType): void {
    let fields = this.measurements.get(measurement);
    if (this.count >= FIELDS_MAX && !fields?.has(field)) return;
    if (fields === undefined) this.measurements.set(measurement, (fields = new Map()));
    if (!fields.has(field)) this.count++;
    fields.set(field, type);
  }
}

/** As `measurementText` leaves it in the store. */
function storedName(measurement: string): string {
  return measurement.startsWith('#') ? `\\${measurement}` : measurement;
}
