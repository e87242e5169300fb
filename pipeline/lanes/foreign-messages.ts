/** Others can write to Kafka, too: says once of each partition that it holds messages which are none of ours. */
export class ForeignMessages {
  private readonly told = new Set<string>();

  /** What to tell the operator of a run that ended at `next`, if anything. */
  note(topic: string, partition: number, foreign: number | undefined, next: number): string[] {
    const name = `${topic}/${partition}`;
    if (!foreign || this.told.has(name)) return [];
    this.told.add(name);
    return [
      `${foreign} messages before ${name}/${next} were not written by Pitwall and are skipped, as others will be`,
    ];
  }
}
