import { STREAM_NAME_BYTES_MAX } from '../../core/limits.js';
import { publishBytes, writePublish } from './codec/publish.js';
import type { SubscribePacket, SubscriptionRequest } from './codec/subscribe.js';
import type { UnsubscribePacket } from './codec/unsubscribe.js';
import type { Connection } from './connection.js';
import type { MqttServer } from './mqtt-server.js';
import { REASON } from './reason-codes.js';
import type { Session } from './session.js';

/**
 * The subscriptions of one connection to the live feed, all at QoS 0: whatever QoS is asked for, 0 is granted
 * ([MQTT-3.8.4-7] lets a server do that). Overlapping subscriptions each deliver their own copy.
 */
export class Subscriptions {
  private readonly active = new Map<string, () => void>();

  constructor(
    private readonly server: MqttServer,
    private readonly connection: Connection,
    private readonly session: Session,
  ) {
    for (const { filter, identifier } of session.subscriptions.values()) this.listen(filter, identifier);
  }

  /** One code a filter, for SUBACK. */
  subscribe(packet: SubscribePacket): number[] {
    const codes = packet.requests.map((request) => this.add(request, packet.subscriptionIdentifier));
    this.server.sessions.changed(this.session, this.connection);
    return codes;
  }

  /** One code a filter, for UNSUBACK of MQTT 5. */
  unsubscribe(packet: UnsubscribePacket): number[] {
    const codes = packet.filters.map((filter) => {
      this.session.subscriptions.delete(filter);
      return this.silence(filter) ? REASON.success : REASON.noSubscriptionExisted;
    });
    this.server.sessions.changed(this.session, this.connection);
    return codes;
  }

  close(): void {
    for (const filter of [...this.active.keys()]) this.silence(filter);
  }

  private add({ filter, shared, noLocal }: SubscriptionRequest, identifier: number): number {
    const failure = this.failureOf(filter, shared, noLocal);
    if (failure !== REASON.success) return this.connection.level === 5 ? failure : REASON.unspecifiedError;
    this.silence(filter);
    this.session.subscriptions.set(filter, { filter, identifier });
    this.listen(filter, identifier);
    return REASON.success;
  }

  private failureOf(filter: string, shared: boolean, noLocal: boolean): number {
    if (shared) return REASON.sharedSubscriptionsNotSupported;
    // Live rows are told by stream, not by publisher, so one's own cannot be left out.
    if (noLocal) return REASON.implementationSpecificError;
    // No stream has a longer name.
    if (filter.length > STREAM_NAME_BYTES_MAX) return REASON.topicFilterInvalid;
    if (!this.active.has(filter) && this.active.size >= this.server.limits.subscriptionsMax) {
      return REASON.quotaExceeded;
    }
    return REASON.success;
  }

  private listen(filter: string, identifier: number): void {
    const deliver = (stream: string, payload: Uint8Array) => this.deliver(stream, payload, identifier);
    this.active.set(filter, this.server.feed.subscribe(filter, deliver));
  }

  /** Drops the message when the client does not keep up, or takes no packet of its size ([MQTT-3.1.2-25]). */
  private deliver(stream: string, payload: Uint8Array, identifier: number): void {
    const { server, connection } = this;
    const { level, out, unsentBytes } = connection;
    const topicBytes = Buffer.byteLength(stream);
    const bytes = publishBytes(level, topicBytes, payload.length, identifier);
    const behind = unsentBytes > 0 && unsentBytes + bytes > server.limits.unsentBytesMax;
    if (behind || bytes > connection.packetBytesMax) {
      server.liveDropped++;
      return;
    }
    server.liveSent++;
    writePublish(out, level, stream, topicBytes, payload, identifier);
    connection.flushSoon();
  }

  private silence(filter: string): boolean {
    this.active.get(filter)?.();
    return this.active.delete(filter);
  }
}
