/** A set of packet identifiers (1..65535): at most 8 KiB however many it holds. */
export class PacketIds {
  private bits: Uint8Array | null = null;
  private count = 0;

  get size(): number {
    return this.count;
  }

  has(id: number): boolean {
    return this.bits !== null && (this.bits[id >> 3] & (1 << (id & 7))) !== 0;
  }

  add(id: number): void {
    if (this.has(id)) return;
    this.bits ??= new Uint8Array(8192);
    this.bits[id >> 3] |= 1 << (id & 7);
    this.count++;
  }

  delete(id: number): void {
    if (!this.has(id)) return;
    this.bits![id >> 3] &= ~(1 << (id & 7));
    this.count--;
  }

  clear(): void {
    this.bits = null;
    this.count = 0;
  }

  *[Symbol.iterator](): Generator<number> {
    if (this.count === 0) return;
    for (let id = 1; id < 65_536; id++) if (this.has(id)) yield id;
  }
}
