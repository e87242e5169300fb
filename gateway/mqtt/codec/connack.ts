import { returnCodeOf } from '../reason-codes.js';
import { type OutBuffer, varintBytes, writeText, writeU16, writeVarint } from './out-buffer.js';
import type { ProtocolLevel } from './packet-type.js';
import { PROPERTY } from './properties.js';

/** What an MQTT 5 CONNACK tells beside its reason code; 0 and null are left out. */
export interface ConnackProperties {
  sessionExpiryS: number | null;
  receiveMaximum: number;
  packetBytesMax: number;
  topicAliasMaximum: number;
  assignedClientId: string | null;
  keepAliveS: number | null;
}

/** A CONNACK that accepts. Retained messages and shared subscriptions are declared as not available. */
export function writeConnack(
  out: OutBuffer,
  level: ProtocolLevel,
  sessionPresent: boolean,
  properties: ConnackProperties,
): number {
  const present = sessionPresent ? 1 : 0;
  if (level < 5) {
    const bytes = out.reserve(4);
    bytes.set([0x20, 2, level === 3 ? 0 : present, 0], out.offset);
    return 4;
  }
  const { sessionExpiryS, receiveMaximum, packetBytesMax, topicAliasMaximum, assignedClientId, keepAliveS } =
    properties;
  const idBytes = assignedClientId === null ? 0 : Buffer.byteLength(assignedClientId);
  const length =
    (sessionExpiryS === null ? 0 : 5) +
    (receiveMaximum === 65_535 ? 0 : 3) +
    5 +
    (topicAliasMaximum === 0 ? 0 : 3) +
    (assignedClientId === null ? 0 : 3 + idBytes) +
    (keepAliveS === null ? 0 : 3) +
    4;
  const remaining = 2 + varintBytes(length) + length;
  const total = 1 + varintBytes(remaining) + remaining;
  const bytes = out.reserve(total);
  let at = out.offset;
  bytes[at++] = 0x20;
  at = writeVarint(bytes, at, remaining);
  bytes[at++] = present;
  bytes[at++] = 0;
  at = writeVarint(bytes, at, length);
  if (sessionExpiryS !== null) {
    bytes[at++] = PROPERTY.sessionExpiry;
    at = bytes.writeUInt32BE(sessionExpiryS, at);
  }
  if (receiveMaximum !== 65_535) {
    bytes[at++] = PROPERTY.receiveMaximum;
    at = writeU16(bytes, at, receiveMaximum);
  }
  bytes[at++] = PROPERTY.maximumPacketSize;
  at = bytes.writeUInt32BE(packetBytesMax, at);
  if (topicAliasMaximum !== 0) {
    bytes[at++] = PROPERTY.topicAliasMaximum;
    at = writeU16(bytes, at, topicAliasMaximum);
  }
  if (assignedClientId !== null) {
    bytes[at++] = PROPERTY.assignedClientIdentifier;
    at = writeText(bytes, at, assignedClientId, idBytes);
  }
  if (keepAliveS !== null) {
    bytes[at++] = PROPERTY.serverKeepAlive;
    at = writeU16(bytes, at, keepAliveS);
  }
  bytes[at++] = PROPERTY.retainAvailable;
  bytes[at++] = 0;
  bytes[at++] = PROPERTY.sharedSubscriptionAvailable;
  bytes[at] = 0;
  return total;
}

/** A CONNACK that refuses; false when the version has no code for the reason, and nothing is to be sent. */
export function writeRefusal(out: OutBuffer, level: ProtocolLevel, reason: number): boolean {
  if (level === 5) {
    const bytes = out.reserve(5);
    bytes.set([0x20, 3, 0, reason, 0], out.offset);
    return true;
  }
  const code = returnCodeOf(reason);
  if (code === null) return false;
  const bytes = out.reserve(4);
  bytes.set([0x20, 2, 0, code], out.offset);
  return true;
}
