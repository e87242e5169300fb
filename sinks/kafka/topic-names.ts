const PLACEHOLDER = /\{([A-Za-z_]\w*)\}/g;
const NAME_LENGTH_MAX = 249;
/** What stands for a tag that a stream does not have, or has empty. */
const OTHER = 'other';
const POSITIONS = 'pitwall-positions';

/** Topics of a sink: one, or where its template has placeholders, as many as streams or tags. */
export class TopicNames {
  /** Where the sink keeps how far it is. It begins with a name of its own, so that no bus takes it for one of its topics. */
  readonly positions: string;
  /** Its only topic; null where it has several. */
  readonly only: string | null;

  constructor(private readonly template: string) {
    const base = template
      .replaceAll(PLACEHOLDER, '.')
      .replaceAll(/\.{2,}/g, '.')
      .replaceAll(/^[._-]+|[._-]+$/g, '');
    this.positions = (base === '' ? POSITIONS : `${POSITIONS}.${base}`).slice(0, NAME_LENGTH_MAX);
    this.only = template.replaceAll(PLACEHOLDER, '') === template ? template : null;
  }

  /** The topic of a stream's rows, with a dot for each character that a topic may not have. */
  of(stream: string, tags: Readonly<Record<string, string>>): string {
    if (this.only !== null) return this.only;
    const name = this.template
      .replaceAll(PLACEHOLDER, (_, tag: string) => (tag === 'stream' ? stream : tags[tag]) || OTHER)
      .replaceAll(/[^A-Za-z0-9._-]/g, '.')
      .slice(0, NAME_LENGTH_MAX);
    if (/^\.{1,2}$/.test(name)) return OTHER;
    return name === this.positions ? `${name}.${OTHER}`.slice(-NAME_LENGTH_MAX) : name;
  }
}
