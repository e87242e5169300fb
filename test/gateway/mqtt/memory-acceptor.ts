import type { Acceptance, Acceptor, Refusal } from '../../../gateway/accept.js';
import type { Source } from '../../../gateway/source.js';

export interface AcceptedMessage {
  client: string;
  stream: string;
  payload: string;
  format: string | null;
  cut: number;
}

interface Cut {
  id: number;
  sources: Set<Source>;
  messages: AcceptedMessage[];
  facts: [key: string, value: Uint8Array | null][];
}

/**
 * An intake in memory: cuts become durable after a setImmediate, or by `commit()` when `manual`. `crash()` forgets what
 * is not durable, as kill -9 does.
 */
export class MemoryAcceptor implements Acceptor {
  readonly messages: AcceptedMessage[] = [];
  readonly facts_ = new Map<string, Buffer>();
  manual = false;
  keepMessages = true;
  accepted = 0;
  refuse: (stream: string, payload: Buffer) => Refusal | null = () => null;
  /** Runs when a cut is durable, before its sources are told. */
  onDurable: (messages: AcceptedMessage[]) => void = () => {};
  private open = this.begin(1);
  private readonly sealed: Cut[] = [];
  private planned = false;

  accept(source: Source, stream: string, payload: Buffer, format: string | null): Acceptance {
    const cut = this.join(source);
    this.accepted++;
    if (this.keepMessages) {
      const text = payload.toString('latin1');
      this.open.messages.push({ client: source.client, stream, payload: text, format, cut });
    }
    return { cut, refusal: this.refuse(stream, payload) };
  }

  setFact(source: Source, table: string, key: string, value: Uint8Array | null): number {
    this.open.facts.push([`${table}\n${key}`, value]);
    return this.join(source);
  }

  fact(table: string, key: string): Buffer | undefined {
    return this.facts_.get(`${table}\n${key}`);
  }

  *facts(table: string, prefix = ''): Generator<[string, Buffer]> {
    const start = `${table}\n`;
    for (const [key, value] of [...this.facts_]) {
      if (key.startsWith(start + prefix)) yield [key.slice(start.length), value];
    }
  }

  /** Closes the open cut, which is made durable by a `commit` to come. */
  seal(): void {
    this.sealed.push(this.open);
    this.open = this.begin(this.open.id + 1);
  }

  /** Makes the oldest cut durable. */
  commit(): void {
    if (this.sealed.length === 0) this.seal();
    const cut = this.sealed.shift()!;
    for (const [key, value] of cut.facts) {
      if (value) this.facts_.set(key, Buffer.from(value));
      else this.facts_.delete(key);
    }
    this.messages.push(...cut.messages);
    this.onDurable(cut.messages);
    for (const source of cut.sources) source.durable(cut.id);
  }

  /** The commit of the open cut fails for good. */
  fail(reason: string): void {
    const cut = this.open;
    this.open = this.begin(cut.id + 1);
    for (const source of cut.sources) source.failed(cut.id, reason);
  }

  /** What is durable, after a crash now. */
  crash(): MemoryAcceptor {
    const next = new MemoryAcceptor();
    next.messages.push(...this.messages);
    for (const [key, value] of this.facts_) next.facts_.set(key, value);
    this.open = this.begin(this.open.id + 1);
    this.manual = true;
    return next;
  }

  private begin(id: number): Cut {
    return { id, sources: new Set(), messages: [], facts: [] };
  }

  private join(source: Source): number {
    source.lastCut = this.open.id;
    this.open.sources.add(source);
    if (!this.manual && !this.planned) {
      this.planned = true;
      setImmediate(() => {
        this.planned = false;
        if (!this.manual) this.commit();
      });
    }
    return this.open.id;
  }
}
