import type { Bus, Commit } from '../../bus/bus.js';
import type { Mark } from '../../bus/deduplicate.js';
import type { SavedFacts } from '../../processors/graph-snapshot.js';
import type { ProcessorPlan } from '../../processors/plan.js';

/** Facts of a partition's output log: processor → where it stands. */
const POSITIONS_TABLE = 'positions';
/** Group → its plans, as they were when its state was made. */
const GROUPS_TABLE = 'groups';

/** Where a processor stands on its partition of the telemetry topic. */
export interface ProcessorPosition {
  /** Identity of the ingest log it counts in. */
  log: string;
  /** The next record to read. */
  offset: number;
  /** Receive time of the last record that was read, microseconds since 1970. */
  receivedUs: number;
}

/** Processors that feed one another and run as one, with the state they keep together. */
export interface ProcessorGroup {
  name: string;
  plans: ProcessorPlan[];
}

export function groupOf(plans: readonly ProcessorPlan[]): ProcessorGroup {
  const sorted = [...plans].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { name: sorted.map((plan) => plan.name).join('+'), plans: sorted };
}

export function samePlans(a: ProcessorGroup, b: ProcessorGroup): boolean {
  return JSON.stringify(a.plans) === JSON.stringify(b.plans);
}

/**
 * What the output log of a partition remembers of the processors that wrote it: the position of each, by name, and the
 * groups they ran in. So a configuration may add, remove and rewire processors, and none writes anything twice.
 */
export class ProcessorGroups {
  constructor(private readonly log: Pick<Bus, 'fact' | 'facts'>) {}

  /** The stored groups that share a processor with `group`. */
  overlapping(group: ProcessorGroup): ProcessorGroup[] {
    const names = new Set(group.plans.map((plan) => plan.name));
    const found: ProcessorGroup[] = [];
    for (const [name, value] of this.log.facts(GROUPS_TABLE)) {
      const plans = JSON.parse(value.toString()) as ProcessorPlan[];
      if (plans.some((plan) => names.has(plan.name))) found.push({ name, plans });
    }
    return found;
  }

  /** The furthest that a processor of the group has come in the ingest log `log`; null when none has begun there. */
  position(group: ProcessorGroup, log: string): ProcessorPosition | null {
    let furthest: ProcessorPosition | null = null;
    for (const { name } of group.plans) {
      const fact = this.log.fact(POSITIONS_TABLE, name);
      const position = fact ? (JSON.parse(fact.toString()) as ProcessorPosition) : null;
      if (position?.log === log && position.offset >= (furthest?.offset ?? 0)) furthest = position;
    }
    return furthest;
  }

  /** Whether it has a position, in whatever log. */
  hasBegun(group: ProcessorGroup): boolean {
    return group.plans.some(({ name }) => this.log.fact(POSITIONS_TABLE, name) !== undefined);
  }

  state(group: ProcessorGroup): Iterable<[key: string, value: Buffer]> {
    return this.log.facts(stateTable(group));
  }

  /** The same by key, for who needs some of it. */
  savedFacts(group: ProcessorGroup): SavedFacts {
    const table = stateTable(group);
    return {
      get: (key) => this.log.fact(table, key),
      below: (prefix) => this.log.facts(table, prefix),
    };
  }

  /** Which rows of the bus the group has taken. */
  *marks(group: ProcessorGroup): Iterable<Mark> {
    for (const [origin, value] of this.log.facts(marksTable(group))) {
      const [sequence, row] = JSON.parse(value.toString()) as [number, number];
      yield [origin, sequence, row];
    }
  }

  /** Puts a checkpoint of the group into `commit`. */
  save(
    commit: Commit,
    group: ProcessorGroup,
    position: ProcessorPosition,
    state: Iterable<[key: string, value: Uint8Array | null]>,
    marks: Iterable<Mark> = [],
  ): void {
    this.saveMarks(commit, group, marks);
    for (const [key, value] of state) commit.setFact(stateTable(group), key, value);
    this.move(commit, group, position);
    if (!this.log.fact(GROUPS_TABLE, group.name)) {
      commit.setFact(GROUPS_TABLE, group.name, Buffer.from(JSON.stringify(group.plans)));
    }
  }

  /** Puts the end of the group into `commit`: its processors keep their position, their state and marks go. */
  end(commit: Commit, group: ProcessorGroup, position: ProcessorPosition): void {
    for (const [key] of this.state(group)) commit.setFact(stateTable(group), key, null);
    for (const [origin] of this.marks(group)) commit.setFact(marksTable(group), origin, null);
    this.move(commit, group, position);
    commit.setFact(GROUPS_TABLE, group.name, null);
  }

  saveMarks(commit: Commit, group: ProcessorGroup, marks: Iterable<Mark>): void {
    for (const [origin, sequence, row] of marks) {
      commit.setFact(marksTable(group), origin, Buffer.from(JSON.stringify([sequence, row])));
    }
  }

  private move(commit: Commit, group: ProcessorGroup, position: ProcessorPosition): void {
    const fact = Buffer.from(JSON.stringify(position));
    for (const { name } of group.plans) commit.setFact(POSITIONS_TABLE, name, fact);
  }
}

function stateTable(group: ProcessorGroup): string {
  return `state:${group.name}`;
}

function marksTable(group: ProcessorGroup): string {
  return `marks:${group.name}`;
}
