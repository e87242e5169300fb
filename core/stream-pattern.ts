/**
 * Stream patterns: MQTT topic filters (`+` one level, `#` the rest) with named captures. `car/{car}/imu` matches
 * `car/44/imu` and captures `car=44`. A capture takes exactly one whole level.
 */
export class StreamPattern {
  private readonly levels: { literal: string | null; capture: string | null }[];
  private readonly open: boolean;
  readonly captures: readonly string[];

  constructor(readonly text: string) {
    const fault = patternFault(text);
    if (fault) throw new Error(`stream pattern "${text}" ${fault}`);
    const parts = text.split('/');
    this.open = parts.at(-1) === '#';
    if (this.open) parts.pop();
    this.levels = parts.map((part) => {
      const capture = /^\{([A-Za-z_]\w*)\}$/.exec(part)?.[1] ?? null;
      return { literal: part === '+' || capture ? null : part, capture };
    });
    this.captures = this.levels.flatMap((level) => (level.capture ? [level.capture] : []));
  }

  /** The captures when `stream` matches, else null. `car/#` matches `car` too, as in MQTT. */
  match(stream: string): Record<string, string> | null {
    const parts = stream.split('/');
    if (this.open ? parts.length < this.levels.length : parts.length !== this.levels.length) return null;
    const tags: Record<string, string> = {};
    for (let i = 0; i < this.levels.length; i++) {
      const level = this.levels[i]!;
      const part = parts[i]!;
      if (level.literal !== null && level.literal !== part) return null;
      if (level.capture) tags[level.capture] = part;
    }
    return tags;
  }

  matches(stream: string): boolean {
    return this.match(stream) !== null;
  }
}

/** Why a text is no stream pattern, or null. */
export function patternFault(text: string): string | null {
  if (text.length === 0) return 'is empty';
  const parts = text.split('/');
  const seen = new Set<string>();
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if (part === '') return 'has an empty level';
    if (part.includes('#') && (part !== '#' || i !== parts.length - 1)) return 'may have # only as its last level';
    if (part.includes('+') && part !== '+') return 'may have + only as a whole level';
    if (part.includes('{') || part.includes('}')) {
      const name = /^\{([A-Za-z_]\w*)\}$/.exec(part)?.[1];
      if (!name) return `has "${part}", where a capture {name} must be a whole level`;
      if (seen.has(name)) return `captures {${name}} twice`;
      seen.add(name);
    }
  }
  return null;
}
