import kafkajs, {
  type Assigner,
  type GroupMember,
  type GroupMemberAssignment,
  type GroupState,
  type MemberAssignment as MemberAssignmentContent,
} from 'kafkajs';

export type { Assigner as GroupAssigner, GroupMember, GroupMemberAssignment, GroupState };

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;

/**
 * Kafka's frames around what a group's members say and are given. Brokers and tools read version 0 of them (later ones
 * have fields that kafkajs does not write) to show who owns which partition.
 */
const VERSION = 0;
const NOTHING = Buffer.alloc(0);

export function encodeSubscription(topics: string[], userData: Buffer): Buffer {
  return MemberMetadata.encode({ version: VERSION, topics, userData });
}

/** What a member put into its subscription; nothing where that cannot be read. */
export function subscriptionData(subscription: Buffer): Buffer {
  return readable(() => MemberMetadata.decode(subscription)?.userData) ?? NOTHING;
}

export function encodeAssignment(assignment: Record<string, number[]>, userData: Buffer): Buffer {
  return MemberAssignment.encode({ version: VERSION, assignment, userData });
}

/** The partitions of a topic in an assignment, none where it cannot be read, and what the leader put beside them. */
export function assignmentOf(assignment: Buffer, topic: string): { partitions: number[]; userData: Buffer } {
  const content = readable((): MemberAssignmentContent | null => MemberAssignment.decode(assignment));
  return { partitions: content?.assignment[topic] ?? [], userData: content?.userData ?? NOTHING };
}

function readable<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch {
    return null;
  }
}
