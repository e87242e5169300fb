import type { Position } from './sink.js';

/** The next offset to take, for each topic and partition. */
export class Positions {
  private readonly topics = new Map<string, Map<number, number>>();

  constructor(positions: Iterable<Position> = []) {
    for (const { topic, partition, offset } of positions) this.set(topic, partition, offset);
  }

  get(topic: string, partition: number): number | undefined {
    return this.topics.get(topic)?.get(partition);
  }

  set(topic: string, partition: number, offset: number): void {
    let partitions = this.topics.get(topic);
    if (!partitions) this.topics.set(topic, (partitions = new Map()));
    partitions.set(partition, offset);
  }

  list(): Position[] {
    const all: Position[] = [];
    for (const [topic, partitions] of this.topics) {
      for (const [partition, offset] of partitions) all.push({ topic, partition, offset });
    }
    return all;
  }
}
