/** Bits a tag has, and how many of them are set by about 10,000 different values: m (1 - e^(-n/m)). */
const BITS = 16_384;
const VALUES_MAX = 10_000;
const SET_MAX = Math.round(BITS * (1 - Math.exp(-VALUES_MAX / BITS)));
const TAGS_MAX = 1_000;

/**
 * Notices tags with very many values, each of which is a series that the store keeps in its memory. Counts in 2 KiB a tag,
 * to about 1 %, for the first 1,000 tags: linear counting (K.-Y. Whang, B. Vander-Zanden, H. Taylor: A linear-time
 * probabilistic counting algorithm for database applications, 1990).
 */
export class TagWatch {
  private readonly tags = new Map<string, { bits: Uint8Array; set: number }>();
  private readonly warnings: string[] = [];

  /** The same value may be seen many times. */
  see(measurement: string, tag: string, value: string): void {
    const name = `${tag}\n${measurement}`;
    let seen = this.tags.get(name);
    if (seen === undefined) {
      if (this.tags.size >= TAGS_MAX) return;
      this.tags.set(name, (seen = { bits: new Uint8Array(BITS / 8), set: 0 }));
    }
    if (seen.set >= SET_MAX) return;
    const bit = hash(value) % BITS;
    const mask = 1 << (bit & 7);
    if ((seen.bits[bit >> 3]! & mask) !== 0) return;
    seen.bits[bit >> 3]! |= mask;
    if (++seen.set < SET_MAX) return;
    this.warnings.push(
      `the tag "${tag}" of measurement "${measurement}" has over ${VALUES_MAX} values, and InfluxDB keeps a series in ` +
        'memory for each; leave it out of "tags", so that it is a field',
    );
  }

  takeWarnings(): string[] {
    return this.warnings.splice(0);
  }
}

/** FNV-1a over UTF-16, with the end of MurmurHash3 (A. Appleby), so that its low bits are even too. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
