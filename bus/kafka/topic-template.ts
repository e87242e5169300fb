const PLACEHOLDER = /\{([A-Za-z_]\w*)\}/g;
/** What stands for a tag that a stream does not have, or whose value would name another topic of the bus. */
export const OTHER = 'other';
const VALUE_LENGTH_MAX = 60;

/**
 * `bus.kafka.topic`: the topic of what devices send, or with placeholders for tags of the stream, such as
 * `telemetry.{class}`, several. `base` begins the names of all other topics of the bus: what is left of the template
 * without its placeholders and what joins them.
 */
export class TopicTemplate {
  readonly base: string;
  /** The tags it takes; none: there is one topic, `base`. */
  readonly tags: readonly string[];
  private readonly pattern: RegExp;

  constructor(
    readonly text: string,
    /** Names that what devices send must not take, where it takes several. */
    readonly reserved: readonly string[] = [],
  ) {
    this.tags = [...text.matchAll(PLACEHOLDER)].map((match) => match[1]!);
    this.base = text
      .replaceAll(PLACEHOLDER, '\0')
      .replaceAll(/[._-]*(\0[._-]*)+/g, '.')
      .replaceAll(/^[._-]+|[._-]+$/g, '');
    const parts = text.split(PLACEHOLDER);
    // split gives text and name of placeholder in turns.
    const escaped = parts.map((part, i) => (i % 2 === 1 ? '[A-Za-z0-9._-]+' : part.replaceAll('.', '\\.')));
    this.pattern = new RegExp(`^${escaped.join('')}$`);
  }

  /** The topic of a stream with these tags. */
  fill(tags: Readonly<Record<string, string>>): string {
    const name = this.filled((tag) => tags[tag] ?? OTHER);
    return this.isOwn(name) ? name : this.filled(() => OTHER);
  }

  /** Whether it is a topic of what devices send. */
  isOwn(topic: string): boolean {
    return this.pattern.test(topic) && !this.reserved.includes(topic);
  }

  private filled(value: (tag: string) => string): string {
    return this.text.replaceAll(PLACEHOLDER, (_, tag: string) => topicSafe(value(tag)));
  }
}

/** With a dot for each character that a topic may not have. */
function topicSafe(value: string): string {
  const safe = value.replaceAll(/[^A-Za-z0-9._-]/g, '.').slice(0, VALUE_LENGTH_MAX);
  return safe === '' ? OTHER : safe;
}
