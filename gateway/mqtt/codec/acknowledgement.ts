import { malformed, protocolError } from '../mqtt-fault.js';
import { type OutBuffer, writeU16 } from './out-buffer.js';
import type { PacketReader } from './packet-reader.js';
import { PACKET, type ProtocolLevel } from './packet-type.js';
import { PLACE, type Properties } from './properties.js';
import { writeWithReasonString } from './reason-string.js';

const FLOW_REASONS = new Set([0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]);
const RELEASE_REASONS = new Set([0x00, 0x92]);

/** Reads PUBACK, PUBREC, PUBREL or PUBCOMP (sections 3.4 to 3.7): the packet identifier, with its reason in `into`. */
export function readAcknowledgement(
  reader: PacketReader,
  level: ProtocolLevel,
  type: number,
  properties: Properties,
  into: { reason: number },
): number {
  const id = reader.u16();
  into.reason = 0;
  if (level === 5 && reader.left > 0) {
    into.reason = reader.u8();
    const reasons = type === PACKET.puback || type === PACKET.pubrec ? FLOW_REASONS : RELEASE_REASONS;
    if (!reasons.has(into.reason))
      throw protocolError(`reason code 0x${into.reason.toString(16)} does not belong here`);
    if (reader.left > 0) properties.read(reader, PLACE.acknowledgement);
  }
  reader.finish();
  if (id === 0) throw level === 5 ? protocolError('a packet identifier is 0') : malformed('a packet identifier is 0');
  return id;
}

/**
 * Writes PUBACK, PUBREC, PUBREL or PUBCOMP; `first` is the first byte. The reason string is left out when the packet
 * would be larger than the client takes ([MQTT-3.4.2-2]).
 */
export function writeAcknowledgement(
  out: OutBuffer,
  first: number,
  id: number,
  reason: number,
  reasonString: string | null,
  packetBytesMax: number,
): void {
  if (reasonString !== null && writeWithReasonString(out, first, id, reason, reasonString, packetBytesMax)) return;
  const bytes = out.reserve(reason === 0 ? 4 : 5);
  let at = out.offset;
  bytes[at++] = first;
  bytes[at++] = reason === 0 ? 2 : 3;
  at = writeU16(bytes, at, id);
  if (reason !== 0) bytes[at] = reason;
}
