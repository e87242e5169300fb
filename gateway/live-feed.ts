import { PitwallError } from '../core/errors.js';
import { topicFilterFault, topicFilterMatches } from './mqtt/topic-filter.js';

/** Takes one live message. `payload` is valid during the call only. Must not throw. */
export type Deliver = (stream: string, payload: Uint8Array) => void;

interface Subscription {
  filter: string;
  deliver: Deliver;
}

/** Streams whose subscribers are remembered; beyond it the memory starts anew. */
const REMEMBERED_STREAMS_MAX = 10_000;

/**
 * Rows as they pass, for those who watch: the intake publishes after the commit, and only when somebody listens.
 * Nothing is kept for a subscriber; one that cannot follow loses messages by its own rule.
 */
export class LiveFeed {
  private subscriptions: Subscription[] = [];
  private readonly matching = new Map<string, Subscription[]>();

  /** Whether anybody listens at all. */
  get active(): boolean {
    return this.subscriptions.length > 0;
  }

  /** Delivers every message of the streams an MQTT topic filter matches until the returned function is called. */
  subscribe(filter: string, deliver: Deliver): () => void {
    const fault = topicFilterFault(filter);
    if (fault !== null) {
      throw new PitwallError('bad-usage', `topic filter "${filter}" ${fault}`, { stage: 'gateway' });
    }
    const subscription = { filter, deliver };
    this.subscriptions.push(subscription);
    this.matching.clear();
    return () => {
      this.subscriptions = this.subscriptions.filter((one) => one !== subscription);
      this.matching.clear();
    };
  }

  publish(stream: string, payload: Uint8Array): void {
    for (const { deliver } of this.subscribersOf(stream)) deliver(stream, payload);
  }

  private subscribersOf(stream: string): Subscription[] {
    let found = this.matching.get(stream);
    if (!found) {
      if (this.matching.size >= REMEMBERED_STREAMS_MAX) this.matching.clear();
      found = this.subscriptions.filter(({ filter }) => topicFilterMatches(filter, stream));
      this.matching.set(stream, found);
    }
    return found;
  }
}
