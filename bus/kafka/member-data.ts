import type { Homes } from './member-shares.js';

/** What a member tells the leader when it joins. */
export interface MemberClaim {
  instance: string;
  owned: number[];
  generation: number;
  /** As of that generation: a member that was not there before, and leads, knows them from the others. */
  homes: Homes;
}

/**
 * JSON, because whoever looks at the group with Kafka's tools then can read it. Kafka keeps all of a group in one
 * message, of 1 MB by default: so names stand once, not with each partition.
 */
const VERSION = 1;

export function encodeClaim({ instance, owned, generation, homes }: MemberClaim): Buffer {
  return Buffer.from(JSON.stringify({ v: VERSION, instance, owned, generation, homes: packHomes(homes) }));
}

/** Null: not by this version of Pitwall. */
export function decodeClaim(data: Buffer): MemberClaim | null {
  const found = parse(data);
  if (!found || typeof found.instance !== 'string' || !isNumbers(found.owned)) return null;
  if (!Number.isInteger(found.generation)) return null;
  const { instance, owned } = found;
  return { instance, owned, generation: found.generation as number, homes: unpackHomes(found.homes) };
}

export function encodeHomes(homes: Homes): Buffer {
  return Buffer.from(JSON.stringify({ v: VERSION, homes: packHomes(homes) }));
}

/** None where they cannot be read. */
export function decodeHomes(data: Buffer): Homes {
  return unpackHomes(parse(data)?.homes);
}

function parse(data: Buffer): Record<string, unknown> | null {
  try {
    const value = JSON.parse(data.toString()) as Record<string, unknown> | null;
    return typeof value === 'object' && value?.v === VERSION ? value : null;
  } catch {
    return null;
  }
}

function packHomes(homes: Homes): { names: string[]; of: number[][] } {
  const names = [...new Set(homes.flat())];
  const numbers = new Map(names.map((name, number) => [name, number] as const));
  return { names, of: homes.map((home) => home.map((name) => numbers.get(name)!)) };
}

function unpackHomes(packed: unknown): Homes {
  const { names, of } = (packed ?? {}) as { names?: unknown; of?: unknown };
  if (!Array.isArray(names) || !Array.isArray(of)) return [];
  return of.map((home) =>
    isNumbers(home) ? home.map((number) => names[number]).filter((name) => typeof name === 'string') : [],
  );
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(Number.isInteger);
}
