import {
  assignmentOf,
  encodeAssignment,
  encodeSubscription,
  type GroupAssigner,
  type GroupMember,
  type GroupMemberAssignment,
  subscriptionData,
} from '../../kafka/group-protocol.js';
import { decodeClaim, decodeHomes, encodeClaim, encodeHomes, type MemberClaim } from './member-data.js';
import { homesAfter, sharePartitions } from './member-shares.js';

/**
 * One member's side of how the group shares partition numbers out, in the shape kafkajs gives assigners. A number goes
 * to one member for all topics. Members of other versions of Pitwall may be in the group: what they say of themselves
 * and cannot be read counts as nothing said.
 */
export class StickyAssigner implements GroupAssigner {
  readonly name = 'pitwall-sticky';
  /** Of Kafka's own frame around `MemberClaim`, which has a version of its own. */
  readonly version = 0;
  private claim: MemberClaim;

  constructor(
    instance: string,
    private readonly partitions: number,
  ) {
    this.claim = { instance, owned: [], generation: -1, homes: [] };
  }

  /** What this member says of itself, as it is now. */
  protocol({ topics }: { topics: string[] }): { name: string; metadata: Buffer } {
    return { name: this.name, metadata: encodeSubscription(topics, encodeClaim(this.claim)) };
  }

  /** The leader's work. The same members and claims give the same result, whoever leads. */
  async assign({ members, topics }: { members: GroupMember[]; topics: string[] }): Promise<GroupMemberAssignment[]> {
    const claims = members.map(({ memberId, memberMetadata }) => {
      const claim = decodeClaim(subscriptionData(memberMetadata));
      return { memberId, ...(claim ?? { instance: memberId, owned: [], generation: -1, homes: [] }) };
    });
    const newest = claims.reduce((best, claim) => (claim.generation > best.generation ? claim : best), claims[0]!);
    const shares = sharePartitions(claims, this.partitions, newest.homes);

    const owners: string[] = [];
    for (const { memberId, instance } of claims) {
      for (const partition of shares.get(memberId)!) owners[partition] = instance;
    }
    const live = new Set(claims.map(({ instance }) => instance));
    const homes = encodeHomes(homesAfter(owners, live, newest.homes));
    return claims.map(({ memberId }) => {
      const assignment = Object.fromEntries(topics.map((topic) => [topic, shares.get(memberId)!] as const));
      return { memberId, memberAssignment: encodeAssignment(assignment, homes) };
    });
  }

  /** Takes what the group gave this member for `topic`, and claims it from now on. */
  accept(topic: string, assignment: Buffer, generation: number): number[] {
    const { partitions, userData } = assignmentOf(assignment, topic);
    const owned = partitions.filter((partition) => partition >= 0 && partition < this.partitions);
    owned.sort((a, b) => a - b);
    this.claim = { instance: this.claim.instance, owned, generation, homes: decodeHomes(userData) };
    return owned;
  }
}
