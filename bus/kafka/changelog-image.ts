import type { FetchedMessage } from '../../kafka/kafka-fetcher.js';
import { type ChangelogKeys, type ChangelogKind, numberOf } from './changelog-keys.js';

/** Copies of values that were replaced are let go once they are this much more than those in use. */
const WASTE_BYTES = 64 * 1024 * 1024;
const EMPTY = Buffer.alloc(0);

/** What a partition holds of one generation of a unit. */
export interface GenerationImage {
  name: string;
  number: number;
  /** Offset of the record that made it whole; null: it never was. */
  born: number | null;
  /** The records that are there beside values. */
  marks: Set<ChangelogKind>;
  /** None of its records is before this offset. */
  from: number;
  /** The layers that count beside layer 0, ascending; null: what says so cannot be read. */
  layers: number[] | null;
  /** Layer → key → value; null: removed. */
  values: Map<number, Map<string, Buffer | null>>;
}

/**
 * What a partition of the changelog holds of a unit: the last record of every key, as of one offset. Compaction drops
 * only records that a later one replaces, so this is the same however far it has come.
 */
export class ChangelogImage {
  readonly generations = new Map<string, GenerationImage>();
  /** The highest number of a generation of which there is a record, be it a removal. */
  highest = 0;
  /** Records that are nothing of a changelog, or cannot be read. */
  foreign = 0;
  private liveBytes = 0;
  private copiedBytes = 0;

  constructor(
    private readonly keys: ChangelogKeys,
    private readonly keepValues: boolean,
  ) {}

  apply({ offset, key, value }: FetchedMessage): void {
    const parsed = key === null ? undefined : this.keys.decode(key);
    if (parsed === undefined) this.foreign++;
    if (!parsed) return;
    const generation = this.generation(parsed.generation);
    const { kind, layer } = parsed;
    if (kind === 'value') this.set(generation, layer, parsed.key, value ?? undefined);
    else if (kind === 'removed') this.set(generation, layer, parsed.key, value === null ? undefined : null);
    else this.mark(generation, kind, offset, value);
  }

  /** The generation whose values count, of those that are whole; `start` is the first offset of the partition. */
  winner(start: number): GenerationImage | null {
    let winner: GenerationImage | null = null;
    for (const generation of this.generations.values()) {
      if (!isWhole(generation, start)) continue;
      if (winner === null || comesBefore(generation, winner)) winner = generation;
    }
    return winner;
  }

  /** The born generations that cannot be restored, since records of theirs are gone or cannot be read. */
  damaged(start: number): GenerationImage[] {
    return [...this.generations.values()].filter((each) => each.born !== null && !isWhole(each, start));
  }

  /** Every key that is in the topic of the generations below `number`. */
  *keysBelow(number: number): Iterable<Buffer> {
    for (const generation of this.generations.values()) {
      if (generation.number >= number) continue;
      const { name } = generation;
      for (const kind of generation.marks) yield this.keys.encode(name, kind);
      for (const [layer, values] of generation.values) {
        for (const [key, value] of values) {
          yield this.keys.encode(name, value === null ? 'removed' : 'value', layer, key);
        }
      }
    }
  }

  private generation(name: string): GenerationImage {
    let generation = this.generations.get(name);
    if (!generation) {
      const number = numberOf(name)!;
      generation = { name, number, born: null, marks: new Set(), from: 0, layers: [], values: new Map() };
      this.generations.set(name, generation);
      this.highest = Math.max(this.highest, number);
    }
    return generation;
  }

  private set(generation: GenerationImage, layer: number, key: string, value: Buffer | null | undefined): void {
    let values = generation.values.get(layer);
    if (!values) generation.values.set(layer, (values = new Map()));
    this.liveBytes -= values.get(key)?.length ?? 0;
    if (value === undefined) {
      values.delete(key);
      return;
    }
    // A copy, since what is fetched are views of large answers, each of which one value would keep in memory.
    const kept = value === null ? null : this.keepValues ? Buffer.from(value) : EMPTY;
    values.set(key, kept);
    this.liveBytes += kept?.length ?? 0;
    this.copiedBytes += kept?.length ?? 0;
    if (this.copiedBytes > 2 * this.liveBytes + WASTE_BYTES) this.copyAll();
  }

  /** Small buffers share memory, which one that is in use keeps from being freed. */
  private copyAll(): void {
    for (const { values } of this.generations.values()) {
      for (const layer of values.values()) {
        for (const [key, value] of layer) if (value) layer.set(key, Buffer.from(value));
      }
    }
    this.copiedBytes = this.liveBytes;
  }

  private mark(generation: GenerationImage, kind: ChangelogKind, offset: number, value: Buffer | null): void {
    if (value === null) generation.marks.delete(kind);
    else generation.marks.add(kind);
    if (kind === 'layers') this.setLayers(generation, value);
    else if (kind === 'birth') this.setBirth(generation, offset, value);
  }

  private setLayers(generation: GenerationImage, value: Buffer | null): void {
    const layers: unknown = value === null ? [] : parse(value);
    const valid = Array.isArray(layers) && layers.every((layer) => Number.isSafeInteger(layer) && layer > 0);
    generation.layers = valid ? (layers as number[]) : null;
    if (!valid) this.foreign++;
  }

  private setBirth(generation: GenerationImage, offset: number, value: Buffer | null): void {
    generation.born = null;
    if (value === null) return;
    const birth = parse(value) as { format?: unknown; from?: unknown } | null;
    if (birth?.format !== BIRTH_FORMAT || !Number.isSafeInteger(birth.from)) {
      this.foreign++;
      return;
    }
    generation.born = offset;
    generation.from = birth.from as number;
  }
}

const BIRTH_FORMAT = 1;

/** The value of the record that makes a generation whole: none of its records is before `from`. */
export function birthValue(from: number): Buffer {
  return Buffer.from(JSON.stringify({ format: BIRTH_FORMAT, from }));
}

/** The values that count, of a whole generation. */
export function valuesOf(generation: GenerationImage): Map<string, Buffer> {
  const merged = new Map<string, Buffer>();
  for (const layer of [0, ...generation.layers!]) {
    for (const [key, value] of generation.values.get(layer) ?? []) {
      if (value === null) merged.delete(key);
      else merged.set(key, value);
    }
  }
  return merged;
}

/** Of two that are whole the higher number wins, then that which was whole first: a latecomer never takes it back. */
function comesBefore(a: GenerationImage, b: GenerationImage): boolean {
  return a.number === b.number ? a.born! < b.born! : a.number > b.number;
}

function isWhole({ born, from, layers }: GenerationImage, start: number): boolean {
  return born !== null && from >= start && layers !== null;
}

function parse(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString());
  } catch {
    return null;
  }
}
