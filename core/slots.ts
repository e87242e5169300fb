/** A bounded number of places, given in the order they were asked for. */
export class Slots {
  private readonly queue: (() => void)[] = [];

  constructor(private free: number) {}

  async enter(): Promise<void> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((next) => this.queue.push(next));
  }

  leave(): void {
    const next = this.queue.shift();
    if (next) next();
    else this.free++;
  }
}
