import { createHash } from 'node:crypto';

const PLACEHOLDER = /\{([A-Za-z_]\w*)\}/g;
/** Database, dot and collection, in bytes, as MongoDB takes it. */
const NAMESPACE_BYTES_MAX = 255;
/** What stands for a tag that a stream does not have, or has empty. */
const OTHER = 'other';

/** Collections of a sink: one, or where its template has placeholders, as many as streams or tags. */
export class CollectionNames {
  /** Its only collection; null where it has several. */
  readonly only: string | null;
  private readonly bytesMax: number;

  constructor(
    private readonly template: string,
    database: string,
  ) {
    this.only = template.replaceAll(PLACEHOLDER, '') === template ? template : null;
    this.bytesMax = NAMESPACE_BYTES_MAX - Buffer.byteLength(database) - 1;
  }

  /**
   * The collection of a stream's rows. `/` becomes a dot, `$` and NUL become `_`; a name that is too long ends with a hash
   * of all of it.
   */
  of(stream: string, tags: Readonly<Record<string, string>>): string {
    if (this.only !== null) return this.only;
    const name = this.template
      .replaceAll(PLACEHOLDER, (_, tag: string) => (tag === 'stream' ? stream : tags[tag]) || OTHER)
      .replaceAll('/', '.')
      .replaceAll(/[$\0]/g, '_')
      .replace(/^system\./, 'system_')
      .replaceAll(/^\.+|\.+$/g, '');
    return this.fitting(name || OTHER);
  }

  private fitting(name: string): string {
    if (Buffer.byteLength(name) <= this.bytesMax) return name;
    const hash = createHash('sha256').update(name).digest('hex').slice(0, 16);
    // A character that is cut in two is left out.
    const start = Buffer.from(name)
      .subarray(0, this.bytesMax - hash.length - 1)
      .toString()
      .replace(/\uFFFD$/, '');
    return `${start}.${hash}`;
  }
}
