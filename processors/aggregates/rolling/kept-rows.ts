import { upperBound } from '../../../columnar/kernels/bisect.js';
import type { Cells } from '../aggregate.js';
import type { AggregateInputs } from '../row-arguments.js';

type Texts = (string | null)[];

/**
 * The rows a rolling step keeps of one lane, in time order, equal stamps in the order they came: rows [head, tail) of
 * arrays that grow at the end and are moved to the front when room runs out. `origin` counts the rows that have been
 * dropped from the front, so that `origin + row` names a row for good, but for rows that come late and are put before it.
 */
export class KeptRows {
  timeUs: Float64Array = new Float64Array(64);
  readonly numbers: Float64Array[];
  /** Of each argument; null where it has held no text. */
  readonly texts: (Texts | null)[];
  head = 0;
  tail = 0;
  origin = 0;

  constructor(args: number) {
    this.numbers = Array.from({ length: args }, () => new Float64Array(64));
    this.texts = Array.from({ length: args }, () => null);
  }

  /** An argument's cells, as a boxed state takes them. */
  cells(arg: number): Cells {
    return this.texts[arg] ?? this.numbers[arg]!;
  }

  /** An argument is a text from now on; the rows kept so far are null there. */
  startTexts(arg: number): void {
    this.texts[arg] ??= new Array(this.tail).fill(null);
  }

  /** Makes room for rows at the end. Returns by how much the rows moved towards the front. */
  reserve(more: number): number {
    const capacity = this.timeUs.length;
    if (this.tail + more <= capacity) return 0;
    const { head, tail } = this;
    const live = tail - head;
    const room = live + more <= capacity / 2 ? capacity : Math.max(64, 2 * (live + more));
    this.timeUs = moved(this.timeUs, head, tail, room);
    for (let a = 0; a < this.numbers.length; a++) this.numbers[a] = moved(this.numbers[a]!, head, tail, room);
    for (const texts of this.texts) texts?.splice(0, head);
    this.head = 0;
    this.tail = live;
    this.origin += head;
    return head;
  }

  /** Puts rows [from, to) of the inputs at the end; there is room. */
  append(inputs: AggregateInputs, from: number, to: number): void {
    const at = this.tail;
    for (let i = from; i < to; i++) this.timeUs[at + i - from] = inputs.timeUs[i]!;
    for (let a = 0; a < this.numbers.length; a++) {
      const target = this.numbers[a]!;
      const source = inputs.numbers[a]!;
      for (let i = from; i < to; i++) target[at + i - from] = source[i]!;
      const texts = this.texts[a];
      if (texts) for (let i = from; i < to; i++) texts.push(inputs.texts[a]?.[i] ?? null);
    }
    this.tail = at + to - from;
  }

  /**
   * Puts rows [from, to) of the inputs where they belong, each after the rows of its time that are there. Returns the
   * places they have then. There is room.
   */
  insert(inputs: AggregateInputs, from: number, to: number): Int32Array {
    const places = new Int32Array(to - from);
    for (let i = from; i < to; i++) {
      places[i - from] = upperBound(this.timeUs, inputs.timeUs[i]!, this.head, this.tail) + i - from;
    }
    spread(this.timeUs, inputs.timeUs, from, places, this.tail);
    for (let a = 0; a < this.numbers.length; a++) {
      spread(this.numbers[a]!, inputs.numbers[a]!, from, places, this.tail);
      const texts = this.texts[a];
      for (let i = 0; texts && i < places.length; i++) texts.splice(places[i]!, 0, inputs.texts[a]?.[from + i] ?? null);
    }
    this.tail += to - from;
    return places;
  }
}

function moved(values: Float64Array, head: number, tail: number, room: number): Float64Array {
  if (room === values.length) return values.copyWithin(0, head, tail);
  const longer = new Float64Array(room);
  longer.set(values.subarray(head, tail));
  return longer;
}

/** Moves the values of `target` apart, from the end, and puts those of `source` in between. */
function spread(target: Float64Array, source: Float64Array, from: number, places: Int32Array, tail: number): void {
  let end = tail;
  for (let i = places.length - 1; i >= 0; i--) {
    const place = places[i]!;
    target.copyWithin(place + 1, place - i, end);
    target[place] = source[from + i]!;
    end = place - i;
  }
}
