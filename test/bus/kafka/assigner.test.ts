import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { StickyAssigner } from '../../../bus/kafka/assigner.js';
import { type Candidate, sharePartitions } from '../../../bus/kafka/member-shares.js';
import { assignmentOf, encodeSubscription, type GroupMember } from '../../../kafka/group-protocol.js';

const TOPIC = 'telemetry';

/** Who holds each partition by the claims: the newest generation, then the first member id. */
function holders(candidates: readonly Candidate[], partitions: number): (string | null)[] {
  return Array.from({ length: partitions }, (_, partition) => {
    const claims = candidates.filter(({ owned }) => owned.includes(partition));
    claims.sort((a, b) => b.generation - a.generation || (a.memberId < b.memberId ? -1 : 1));
    return claims[0]?.memberId ?? null;
  });
}

function ownersOf(shares: ReadonlyMap<string, readonly number[]>, partitions: number): string[] {
  const owners: string[] = new Array(partitions);
  for (const [member, share] of shares) {
    for (const partition of share) {
      assert.equal(owners[partition], undefined, `partition ${partition} is given twice`);
      owners[partition] = member;
    }
  }
  assert.equal(owners.filter((owner) => owner !== undefined).length, partitions, 'every partition is given');
  return owners;
}

function moved(before: readonly (string | null)[], after: readonly string[]): number {
  return after.filter((owner, partition) => before[partition] !== null && before[partition] !== owner).length;
}

function assertBalanced(shares: ReadonlyMap<string, readonly number[]>): void {
  const sizes = [...shares.values()].map((share) => share.length);
  assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, `sizes ${sizes.join(' ')}`);
}

/** The least movement of all balanced sharings, found by trying every one. */
function leastMoved(before: readonly (string | null)[], members: readonly string[]): number {
  const most = Math.ceil(before.length / members.length);
  const least = Math.floor(before.length / members.length);
  const counts = new Map<string, number>(members.map((member) => [member, 0]));
  const best = (partition: number): number => {
    if (partition === before.length) return Math.min(...counts.values()) < least ? Number.POSITIVE_INFINITY : 0;
    let fewest = Number.POSITIVE_INFINITY;
    for (const member of members) {
      const count = counts.get(member)!;
      if (count === most) continue;
      counts.set(member, count + 1);
      const moves = before[partition] !== null && before[partition] !== member ? 1 : 0;
      fewest = Math.min(fewest, moves + best(partition + 1));
      counts.set(member, count);
    }
    return fewest;
  };
  return best(0);
}

/** Members with any claims, also such as contradict one another or name what is not there. */
function candidatesArb(membersMax: number, partitions: number): fc.Arbitrary<Candidate[]> {
  const candidate = fc.record({
    memberId: fc.string({ maxLength: 5 }),
    instance: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    owned: fc.array(fc.integer({ min: -1, max: partitions + 1 }), { maxLength: partitions + 2 }),
    generation: fc.integer({ min: -1, max: 4 }),
  });
  return fc.uniqueArray(candidate, { selector: ({ memberId }) => memberId, minLength: 1, maxLength: membersMax });
}

function homesArb(partitions: number): fc.Arbitrary<string[][]> {
  return fc.array(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'x'), { maxLength: 3 }), { maxLength: partitions });
}

describe('Partitions are shared out', () => {
  test('each once, in equal parts, with no more movement than a search of all sharings finds', () => {
    const small = fc.integer({ min: 0, max: 7 }).chain((partitions) => {
      return fc.tuple(fc.constant(partitions), candidatesArb(4, partitions), homesArb(partitions));
    });
    fc.assert(
      fc.property(small, ([partitions, candidates, homes]) => {
        const shares = sharePartitions(candidates, partitions, homes);
        assert.equal(shares.size, candidates.length);
        assertBalanced(shares);
        const before = holders(candidates, partitions);
        const members = candidates.map(({ memberId }) => memberId);
        assert.equal(moved(before, ownersOf(shares, partitions)), leastMoved(before, members));
      }),
      { numRuns: 2000 },
    );
  });

  test('the same whatever order the members come in', () => {
    const shuffled = candidatesArb(8, 40).chain((candidates) =>
      fc.tuple(
        fc.constant(candidates),
        fc.shuffledSubarray(candidates, { minLength: candidates.length }),
        homesArb(40),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([candidates, others, homes]) => {
        const shares = sharePartitions(candidates, 40, homes);
        const again = sharePartitions(others, 40, homes);
        for (const { memberId } of candidates) assert.deepEqual(again.get(memberId), shares.get(memberId));
      }),
    );
  });

  test('to the newer of two claims, then to the first member id', () => {
    const claim = (memberId: string, generation: number, ...owned: number[]): Candidate => ({
      memberId,
      instance: memberId,
      owned,
      generation,
    });
    const shares = sharePartitions([claim('a', 3, 0, 1), claim('b', 4, 1, 2), claim('c', 4, 2, 3)], 6);
    assert.deepEqual([...shares].sort(), [
      ['a', [0, 4]],
      ['b', [1, 2]],
      ['c', [3, 5]],
    ]);
  });

  test('to nobody where there is nobody, and to some where there are more members than partitions', () => {
    assert.equal(sharePartitions([], 4).size, 0);
    const many = Array.from({ length: 5 }, (_, i) => ({
      memberId: `${i}`,
      instance: `${i}`,
      owned: [],
      generation: -1,
    }));
    assert.deepEqual([...sharePartitions(many, 2).values()].flat().sort(), [0, 1]);
  });

  test('by the names of the instances where nobody claims anything, so that a fleet that starts anew gets the same', () => {
    const fresh = (ids: string[]): Candidate[] =>
      ['x', 'y', 'z'].map((instance, i) => ({ memberId: ids[i]!, instance, owned: [], generation: -1 }));
    const first = sharePartitions(fresh(['1', '2', '3']), 8);
    const second = sharePartitions(fresh(['9', '8', '7']), 8);
    assert.deepEqual(
      [first.get('1'), first.get('2'), first.get('3')],
      [second.get('9'), second.get('8'), second.get('7')],
    );
  });
});

/** A group as the broker keeps it: who is there, and what each was given. Everything goes through the real frames. */
class Group {
  readonly members = new Map<string, { memberId: string; assigner: StickyAssigner; owned: number[] }>();
  private generation = 0;
  private ids = 0;

  constructor(readonly partitions: number) {}

  /** A process starts, knowing nothing; that of the same name has ended. */
  start(instance: string): void {
    const memberId = `${(this.ids++ * 7919) % 1000}-${instance}`;
    this.members.set(instance, { memberId, assigner: new StickyAssigner(instance, this.partitions), owned: [] });
  }

  stop(instance: string): void {
    this.members.delete(instance);
  }

  owned(): Map<string, number[]> {
    return new Map([...this.members].map(([instance, { owned }]) => [instance, owned] as const));
  }

  async rebalance(): Promise<void> {
    if (this.members.size === 0) return;
    const all = [...this.members.values()];
    const members: GroupMember[] = all.map(({ memberId, assigner }) => ({
      memberId,
      memberMetadata: assigner.protocol({ topics: [TOPIC] }).metadata,
    }));
    const before: (string | null)[] = new Array(this.partitions).fill(null);
    for (const { memberId, owned } of all) for (const partition of owned) before[partition] = memberId;

    const results = await Promise.all(all.map(({ assigner }) => assigner.assign({ members, topics: [TOPIC] })));
    for (const result of results) assert.deepEqual(result, results[0], 'all leaders share out the same');
    this.generation++;
    const shares = new Map<string, number[]>();
    for (const member of all) {
      const { memberAssignment } = results[0]!.find(({ memberId }) => memberId === member.memberId)!;
      member.owned = member.assigner.accept(TOPIC, memberAssignment, this.generation);
      shares.set(member.memberId, member.owned);
    }
    assertBalanced(shares);
    const after = ownersOf(shares, this.partitions);
    const sizes = new Map<string, number>(all.map(({ memberId }) => [memberId, 0]));
    for (const holder of before) if (holder !== null) sizes.set(holder, sizes.get(holder)! + 1);
    assert.equal(moved(before, after), excess([...sizes.values()], this.partitions), 'no more moves than must');
  }
}

/** How many partitions members with so many must give up so that all have equal parts. */
function excess(sizes: readonly number[], partitions: number): number {
  const least = Math.floor(partitions / sizes.length);
  const larger = partitions % sizes.length;
  const over = sizes.filter((size) => size > least).length;
  return sizes.reduce((sum, size) => sum + Math.max(0, size - least), 0) - Math.min(over, larger);
}

const NAMES = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7'];

type Step = { act: 'start' | 'stop' | 'restart'; names: string[] };

const stepsArb: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    act: fc.constantFrom('start' as const, 'stop' as const, 'restart' as const),
    names: fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 }),
  }),
  { maxLength: 12 },
);

/** A group that has gone through the steps, with at least one member in the end. */
async function grown(partitions: number, steps: readonly Step[]): Promise<Group> {
  const group = new Group(partitions);
  for (const { act, names } of [...steps, { act: 'start', names: ['n1'] } satisfies Step]) {
    for (const name of names) {
      if (act === 'stop') group.stop(name);
      else if (act === 'restart' ? group.members.has(name) : !group.members.has(name)) group.start(name);
    }
    await group.rebalance();
  }
  return group;
}

const sizeArb = fc.integer({ min: 1, max: 40 });

describe('A group whose members come and go', () => {
  test('has every partition owned once, in equal parts, and moves as few as it must', async () => {
    await fc.assert(
      fc.asyncProperty(sizeArb, stepsArb, async (partitions, steps) => {
        await grown(partitions, steps);
      }),
      { numRuns: 300 },
    );
  });

  test('stays as it is when it is shared out again', async () => {
    await fc.assert(
      fc.asyncProperty(sizeArb, stepsArb, async (partitions, steps) => {
        const group = await grown(partitions, steps);
        const before = group.owned();
        await group.rebalance();
        assert.deepEqual(group.owned(), before);
      }),
    );
  });

  test('gives members that restart, any number of them at once, what they had', async () => {
    await fc.assert(
      fc.asyncProperty(sizeArb, stepsArb, fc.subarray(NAMES), async (partitions, steps, restarted) => {
        const group = await grown(partitions, steps);
        // One must remember: Kafka itself keeps nothing of it.
        const names = restarted.filter((name) => name !== 'n1' && group.members.has(name));
        const before = group.owned();
        for (const name of names) group.start(name);
        await group.rebalance();
        for (const [name, owned] of before) assert.deepEqual(group.members.get(name)!.owned, owned, name);
      }),
      { numRuns: 300 },
    );
  });

  test('gives a member that was away, and whose partitions others had meanwhile, nothing but what it had', async () => {
    await fc.assert(
      fc.asyncProperty(sizeArb, stepsArb, fc.constantFrom(...NAMES), async (partitions, steps, name) => {
        const group = await grown(partitions, steps);
        const before = group.owned();
        if (!before.has(name) || before.size === 1) return;
        group.stop(name);
        await group.rebalance();
        group.start(name);
        await group.rebalance();
        const after = group.owned();
        const strange = after.get(name)!.filter((partition) => !before.get(name)!.includes(partition));
        assert.deepEqual(strange, []);
        for (const [other, owned] of before) {
          if (other === name) continue;
          assert.deepEqual(
            owned.filter((partition) => !after.get(other)!.includes(partition)),
            [],
            `${other} kept all`,
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  test('fits with all its members into one message of Kafka', async () => {
    const group = new Group(512);
    const names = Array.from({ length: 24 }, (_, i) => `telemetry-processor-${i}.circuit.example.org`);
    for (const name of names) {
      group.start(name);
      await group.rebalance();
    }
    // Homes are longest when members leave for good.
    for (const name of names.slice(0, 12)) {
      group.stop(name);
      await group.rebalance();
    }
    let bytes = 0;
    for (const { assigner } of group.members.values()) bytes += assigner.protocol({ topics: [TOPIC] }).metadata.length;
    // The group keeps about as much again of assignments.
    assert.ok(2 * bytes < 500_000, `${bytes} bytes`);
  });
});

describe('Members that say something strange', () => {
  const assigner = new StickyAssigner('a', 8);
  const own = { memberId: 'own', memberMetadata: assigner.protocol({ topics: [TOPIC] }).metadata };

  test('take part, whatever the bytes are', async () => {
    const strange = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => encodeSubscription([TOPIC], Buffer.from(bytes))),
      fc.json().map((json) => encodeSubscription([TOPIC], Buffer.from(json))),
      fc
        .record(
          {
            v: fc.oneof(fc.constant(1), fc.anything()),
            instance: fc.oneof(fc.string(), fc.anything()),
            owned: fc.oneof(fc.array(fc.integer()), fc.anything()),
            generation: fc.oneof(fc.integer(), fc.anything()),
            homes: fc.oneof(
              fc.record({ names: fc.array(fc.anything()), of: fc.array(fc.array(fc.integer())) }),
              fc.anything(),
            ),
          },
          { requiredKeys: [] },
        )
        .map((value) => encodeSubscription([TOPIC], Buffer.from(text(value)))),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(strange, { maxLength: 4 }), async (metadata) => {
        const members = [own, ...metadata.map((memberMetadata, i) => ({ memberId: `m${i}`, memberMetadata }))];
        const given = await assigner.assign({ members, topics: [TOPIC] });
        const shares = new Map(
          given.map(({ memberId, memberAssignment }) => [memberId, assignmentOf(memberAssignment, TOPIC).partitions]),
        );
        assert.equal(shares.size, members.length);
        assertBalanced(shares);
        ownersOf(shares, 8);
      }),
      { numRuns: 500 },
    );
  });

  test('give nothing that is not there to who accepts it', () => {
    const member = new StickyAssigner('a', 4);
    for (const bytes of [Buffer.alloc(0), Buffer.from('nonsense'), Buffer.alloc(50, 255)]) {
      assert.deepEqual(member.accept(TOPIC, bytes, 1), []);
    }
  });
});

test('All topics of a subscription go together, number by number.', async () => {
  const assigner = new StickyAssigner('a', 5);
  const topics = ['one', 'two', 'three'];
  const members = ['m1', 'm2'].map((memberId) => ({
    memberId,
    memberMetadata: assigner.protocol({ topics }).metadata,
  }));
  for (const { memberAssignment } of await assigner.assign({ members, topics })) {
    const [one, two, three] = topics.map((topic) => assignmentOf(memberAssignment, topic).partitions);
    assert.deepEqual(two, one);
    assert.deepEqual(three, one);
  }
});

function text(value: unknown): string {
  try {
    return JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? String(each) : each)) ?? '';
  } catch {
    return '';
  }
}
