import type { ForwardPosition } from './forwarder.js';

interface Waiting {
  targets: ForwardPosition[];
  resolve: () => void;
}

/** Who waits until Kafka has what was appended to the spool (`ack: bus`). */
export class ForwardGate {
  private readonly passed = new Map<string, number>();
  private waiting: Waiting[] = [];

  /** Kafka has everything of the partition before `offset`. */
  pass(positions: readonly ForwardPosition[]): void {
    for (const { topic, partition, offset } of positions) this.passed.set(`${topic}/${partition}`, offset);
    this.waiting = this.waiting.filter((each) => {
      if (!this.isPast(each.targets)) return true;
      each.resolve();
      return false;
    });
  }

  /** Resolves when Kafka has everything before each of the targets. */
  wait(targets: ForwardPosition[]): Promise<void> {
    if (this.isPast(targets)) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ targets, resolve }));
  }

  private isPast(targets: readonly ForwardPosition[]): boolean {
    return targets.every(({ topic, partition, offset }) => (this.passed.get(`${topic}/${partition}`) ?? 0) >= offset);
  }
}
