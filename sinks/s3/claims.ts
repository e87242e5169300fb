import { logOf, type ObjectRange, parseKey } from './object-name.js';
import type { ObjectStore } from './object-store.js';

interface Claim {
  owner: string;
  /** The owner knows what was there before it. */
  isComplete: boolean;
  topic: string;
  partition: number;
}

/** What is found of a partition in the store. */
export type FoundObject = ObjectRange & { key: string };

/**
 * A small object for each partition of a topic says whose journal knows its objects. Where it is another's, or none is
 * there, the objects are listed: the journal was lost, or another machine had the partition since.
 */
export class Claims {
  constructor(
    private readonly store: ObjectStore,
    private readonly prefix: string,
    private readonly sink: string,
  ) {}

  /** Null where the owner's journal has it all; else what is in the store, to be put into it before `complete`. */
  async claim(owner: string, topic: string, partition: number): Promise<FoundObject[] | null> {
    const key = this.keyOf(topic, partition);
    const claim = parse(await this.store.read(key));
    if (claim?.owner === owner && claim.isComplete) return null;
    await this.put(key, { owner, isComplete: false, topic, partition });
    const found: FoundObject[] = [];
    const log = logOf(topic);
    for await (const { key: each } of this.store.list(this.prefix)) {
      const range = parseKey(each);
      if (range?.partition === partition && range.source.startsWith(log)) found.push({ ...range, key: each });
    }
    return found;
  }

  async complete(owner: string, topic: string, partition: number): Promise<void> {
    await this.put(this.keyOf(topic, partition), { owner, isComplete: true, topic, partition });
  }

  private put(key: string, claim: Claim): Promise<void> {
    return this.store.write(key, `${JSON.stringify(claim)}\n`);
  }

  private keyOf(topic: string, partition: number): string {
    return `${this.prefix}_pitwall/${this.sink}/${logOf(topic)}/partition-${partition}.json`;
  }
}

function parse(text: string | null): Claim | null {
  if (text === null) return null;
  try {
    return JSON.parse(text) as Claim;
  } catch {
    return null;
  }
}
