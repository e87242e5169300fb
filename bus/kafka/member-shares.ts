/** What a member of the group says of itself. */
export interface Candidate {
  memberId: string;
  /** Its stable name: a process that restarts has a new member id and the same instance. */
  instance: string;
  /** The partitions it was given last. */
  owned: readonly number[];
  /** The group's generation that gave them; -1 = none did. */
  generation: number;
}

/** By partition: the instances that had it, newest first: its last owner, then those that left the group before. */
export type Homes = readonly (readonly string[])[];

/** More names than that are forgotten, so that instances that never come back do not pile up. */
const HOMES_MAX = 3;

interface Share {
  candidate: Candidate;
  partitions: number[];
  /** How many it will have. */
  target: number;
}

/**
 * Shares partitions 0..`partitions`-1 out: by member id, ascending. Each is given once, sizes differ by at most one, and
 * no other such sharing takes fewer partitions away from who holds them now. Of two members that claim the same
 * partition, that of the newer generation holds it, then the first by member id.
 *
 * What minimal movement leaves open is decided so that instances that come back get what they had, and where they
 * never had anything, by the order of their names: the same members always come to the same sharing.
 */
export function sharePartitions(
  candidates: readonly Candidate[],
  partitions: number,
  homes: Homes = [],
): Map<string, number[]> {
  const shares = candidates
    .map((candidate): Share => ({ candidate, partitions: [], target: 0 }))
    .sort((a, b) => compare(a.candidate.instance, b.candidate.instance) || byMemberId(a, b));
  if (shares.length === 0) return new Map();

  const free = keepClaims(shares, partitions);
  setTargets(shares, partitions, homes, free);
  free.push(...release(shares, homes));
  place(shares, homes, free);
  return new Map(shares.map((share) => [share.candidate.memberId, share.partitions.sort((a, b) => a - b)] as const));
}

/** The homes after `owners` (by partition) were given theirs. Members that are there and own a partition no more left it for good. */
export function homesAfter(owners: readonly string[], live: ReadonlySet<string>, homes: Homes): string[][] {
  return owners.map((owner, partition) =>
    [owner, ...(homes[partition] ?? []).filter((name) => name !== owner && !live.has(name))].slice(0, HOMES_MAX),
  );
}

/** Gives every partition to who claims it, and returns those that nobody does. */
function keepClaims(shares: readonly Share[], partitions: number): number[] {
  const holders: (Share | null)[] = new Array(partitions).fill(null);
  for (const share of shares) {
    for (const partition of share.candidate.owned) {
      if (!Number.isInteger(partition) || partition < 0 || partition >= partitions) continue;
      const other = holders[partition];
      if (!other || isBefore(share, other)) holders[partition] = share;
    }
  }
  const free: number[] = [];
  for (const [partition, holder] of holders.entries()) {
    if (holder) holder.partitions.push(partition);
    else free.push(partition);
  }
  return free;
}

/**
 * Some members get one partition more than the others: as far as possible those that already have more, because each
 * other one costs a movement; among equals those that had the more before.
 */
function setTargets(shares: readonly Share[], partitions: number, homes: Homes, free: readonly number[]): void {
  const least = Math.floor(partitions / shares.length);
  const larger = partitions % shares.length;
  const live = new Set(shares.map(({ candidate }) => candidate.instance));
  const atHome = ({ candidate: { instance }, partitions: kept }: Share) => {
    const isOthers = (partition: number) => homes[partition]?.some((name) => name !== instance && live.has(name));
    const isOwn = (partition: number) => homes[partition]?.find((name) => live.has(name)) === instance;
    return kept.filter((partition) => !isOthers(partition)).length + free.filter(isOwn).length;
  };
  const ranks = shares.map((share) => ({ share, has: share.partitions.length > least, atHome: atHome(share) }));
  ranks.sort((a, b) => Number(b.has) - Number(a.has) || b.atHome - a.atHome);
  for (const [rank, { share }] of ranks.entries()) share.target = rank < larger ? least + 1 : least;
}

/** Takes from each what it has too much of, first what was at home with one that has room; the last ones otherwise. */
function release(shares: readonly Share[], homes: Homes): number[] {
  const roomy = new Set(shares.filter(hasRoom).map(({ candidate }) => candidate.instance));
  return shares.flatMap((share) => {
    const returns = (partition: number) => Number(homes[partition]?.some((name) => roomy.has(name)) ?? false);
    share.partitions.sort((a, b) => returns(a) - returns(b) || a - b);
    return share.partitions.splice(share.target);
  });
}

/** Gives what is free to those with room: to who had it last, where that one is among them. */
function place(shares: readonly Share[], homes: Homes, free: readonly number[]): void {
  const strange: number[] = [];
  for (const partition of [...free].sort((a, b) => a - b)) {
    let home: Share | undefined;
    for (const name of homes[partition] ?? []) {
      home ??= shares.find((share) => share.candidate.instance === name && hasRoom(share));
    }
    if (home) home.partitions.push(partition);
    else strange.push(partition);
  }
  for (const partition of strange) shares.find(hasRoom)!.partitions.push(partition);
}

function hasRoom(share: Share): boolean {
  return share.partitions.length < share.target;
}

function isBefore(a: Share, b: Share): boolean {
  const generations = b.candidate.generation - a.candidate.generation;
  return generations < 0 || (generations === 0 && byMemberId(a, b) < 0);
}

function byMemberId(a: Share, b: Share): number {
  return compare(a.candidate.memberId, b.candidate.memberId);
}

/** By code units, so that every machine comes to the same order. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
