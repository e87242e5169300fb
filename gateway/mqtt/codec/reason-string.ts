import { type OutBuffer, varintBytes, writeText, writeU16, writeVarint } from './out-buffer.js';
import { PROPERTY } from './properties.js';

/**
 * Writes a packet of MQTT 5 that is a reason code and a reason string, behind a packet identifier where it has one
 * (`id` not null). False, and nothing written, when it would be larger than the client takes ([MQTT-3.4.2-2]).
 */
export function writeWithReasonString(
  out: OutBuffer,
  first: number,
  id: number | null,
  reason: number,
  text: string,
  packetBytesMax: number,
): boolean {
  const textBytes = Buffer.byteLength(text);
  const length = 3 + textBytes;
  const remaining = (id === null ? 1 : 3) + varintBytes(length) + length;
  const total = 1 + varintBytes(remaining) + remaining;
  if (total > packetBytesMax) return false;
  const bytes = out.reserve(total);
  let at = out.offset;
  bytes[at++] = first;
  at = writeVarint(bytes, at, remaining);
  if (id !== null) at = writeU16(bytes, at, id);
  bytes[at++] = reason;
  at = writeVarint(bytes, at, length);
  bytes[at++] = PROPERTY.reasonString;
  writeText(bytes, at, text, textBytes);
  return true;
}
