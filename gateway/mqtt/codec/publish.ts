import { type OutBuffer, varintBytes, writeText, writeVarint } from './out-buffer.js';
import type { ProtocolLevel } from './packet-type.js';
import { PROPERTY } from './properties.js';

/** Bytes of the PUBLISH that `writePublish` would write. */
export function publishBytes(
  level: ProtocolLevel,
  topicBytes: number,
  payloadBytes: number,
  subscriptionIdentifier: number,
): number {
  const remaining = 2 + topicBytes + propertyBytes(level, subscriptionIdentifier) + payloadBytes;
  return 1 + varintBytes(remaining) + remaining;
}

/** A PUBLISH at QoS 0, as live rows are delivered. `subscriptionIdentifier` 0: none. */
export function writePublish(
  out: OutBuffer,
  level: ProtocolLevel,
  topic: string,
  topicBytes: number,
  payload: Uint8Array,
  subscriptionIdentifier: number,
): void {
  const remaining = 2 + topicBytes + propertyBytes(level, subscriptionIdentifier) + payload.length;
  const bytes = out.reserve(1 + varintBytes(remaining) + remaining);
  let at = out.offset;
  bytes[at++] = 0x30;
  at = writeVarint(bytes, at, remaining);
  at = writeText(bytes, at, topic, topicBytes);
  if (level === 5) {
    if (subscriptionIdentifier === 0) bytes[at++] = 0;
    else {
      bytes[at++] = 1 + varintBytes(subscriptionIdentifier);
      bytes[at++] = PROPERTY.subscriptionIdentifier;
      at = writeVarint(bytes, at, subscriptionIdentifier);
    }
  }
  bytes.set(payload, at);
}

function propertyBytes(level: ProtocolLevel, subscriptionIdentifier: number): number {
  if (level < 5) return 0;
  return subscriptionIdentifier === 0 ? 1 : 2 + varintBytes(subscriptionIdentifier);
}
