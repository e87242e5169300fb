import { randomBytes } from 'node:crypto';
import { PitwallError } from '../../core/errors.js';

/**
 * What a record of the changelog is for a generation of a unit:
 * - `birth`: the generation is whole. Written once, so that its offset stays: the earlier of two wins.
 * - `closed`: its writer ended in order, and nothing of it can still be on the way.
 * - `layers`: the layers that count, as JSON; layer 0 always does.
 * - `value`: the value of a key in a layer; `removed`: the key has none, whatever lower layers say.
 */
export type ChangelogKind = 'birth' | 'closed' | 'layers' | 'value' | 'removed';

export interface ChangelogKey {
  generation: string;
  kind: ChangelogKind;
  /** Of a value or removal; else 0. */
  layer: number;
  /** Of a value or removal; else empty. */
  key: string;
}

const LETTERS: Record<ChangelogKind, string> = { birth: 'b', closed: 'c', layers: 'l', value: 'v', removed: 'r' };
const KINDS = new Map(Object.entries(LETTERS).map(([kind, letter]) => [letter.charCodeAt(0), kind as ChangelogKind]));
const NUMBER_DIGITS = 10;
const GENERATION = /^(\d{10,15})\../;
const LAYER = /^\d{1,15}$/;

/**
 * The keys of one unit in the changelog topic: `UNIT NUL GENERATION NUL LETTER`, which `LAYER NUL KEY` follows for values
 * and removals. A generation is `NUMBER.INSTANCE.RANDOM`, the number with leading zeros.
 */
export class ChangelogKeys {
  private readonly prefix: Buffer;

  constructor(readonly unit: string) {
    if (unit === '' || unit.includes('\0')) {
      throw new PitwallError('internal', 'the unit of a changelog needs a name without NUL', { stage: 'bus' });
    }
    this.prefix = Buffer.from(`${unit}\0`);
  }

  encode(generation: string, kind: ChangelogKind, layer = 0, key = ''): Buffer {
    const own = kind === 'value' || kind === 'removed' ? `${layer}\0${key}` : '';
    return Buffer.from(`${this.unit}\0${generation}\0${LETTERS[kind]}${own}`);
  }

  /** What the key of a record says; null: that of another unit; undefined: none of a changelog's. */
  decode(bytes: Buffer): ChangelogKey | null | undefined {
    const at = this.prefix.length;
    if (bytes.length < at || bytes.compare(this.prefix, 0, at, 0, at) !== 0)
      return isOfSomeUnit(bytes) ? null : undefined;
    const end = bytes.indexOf(0, at);
    if (end < 0) return undefined;
    const generation = bytes.toString('utf8', at, end);
    const kind = KINDS.get(bytes[end + 1]!);
    if (kind === undefined || numberOf(generation) === null) return undefined;
    if (kind !== 'value' && kind !== 'removed') {
      return bytes.length === end + 2 ? { generation, kind, layer: 0, key: '' } : undefined;
    }
    const layerEnd = bytes.indexOf(0, end + 2);
    const layer = layerEnd < 0 ? '' : bytes.toString('latin1', end + 2, layerEnd);
    if (!LAYER.test(layer)) return undefined;
    return { generation, kind, layer: Number(layer), key: bytes.toString('utf8', layerEnd + 1) };
  }
}

/** A name nobody else has or will have, so that what is late of one generation is never taken for another's. */
export function newGeneration(number: number, instance: string): string {
  return `${String(number).padStart(NUMBER_DIGITS, '0')}.${instance}.${randomBytes(4).toString('hex')}`;
}

/** The number of a generation; null where it is none. */
export function numberOf(generation: string): number | null {
  const match = GENERATION.exec(generation);
  return match ? Number(match[1]) : null;
}

function isOfSomeUnit(bytes: Buffer): boolean {
  const unitEnd = bytes.indexOf(0);
  if (unitEnd <= 0) return false;
  const end = bytes.indexOf(0, unitEnd + 1);
  return end > 0 && numberOf(bytes.toString('utf8', unitEnd + 1, end)) !== null;
}
