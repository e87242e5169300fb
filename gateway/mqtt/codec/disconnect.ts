import { protocolError } from '../mqtt-fault.js';
import type { OutBuffer } from './out-buffer.js';
import type { PacketReader } from './packet-reader.js';
import type { ProtocolLevel } from './packet-type.js';
import { PLACE, PROPERTY, type Properties } from './properties.js';
import { writeWithReasonString } from './reason-string.js';

/** What a client may give as its reason (section 3.14.2.1). */
const CLIENT_REASONS = new Set([0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99]);

export interface DisconnectPacket {
  reason: number;
  /** Null: as it was said in CONNECT. */
  sessionExpiryS: number | null;
}

/** Reads a DISCONNECT (section 3.14). */
export function readDisconnect(reader: PacketReader, level: ProtocolLevel, properties: Properties): DisconnectPacket {
  const packet: DisconnectPacket = { reason: 0, sessionExpiryS: null };
  if (level === 5 && reader.left > 0) {
    packet.reason = reader.u8();
    if (!CLIENT_REASONS.has(packet.reason)) {
      throw protocolError(`reason code 0x${packet.reason.toString(16)} does not belong in a client's DISCONNECT`);
    }
    if (reader.left > 0) {
      properties.read(reader, PLACE.disconnect);
      if (properties.has(PROPERTY.sessionExpiry)) packet.sessionExpiryS = properties.number(PROPERTY.sessionExpiry, 0);
    }
  }
  reader.finish();
  return packet;
}

/** Writes the server's DISCONNECT of MQTT 5, with the reason string where it fits and is wanted. */
export function writeDisconnect(
  out: OutBuffer,
  reason: number,
  reasonString: string | null,
  packetBytesMax: number,
): void {
  if (reasonString !== null && writeWithReasonString(out, 0xe0, null, reason, reasonString, packetBytesMax)) return;
  const bytes = out.reserve(3);
  bytes.set([0xe0, 1, reason], out.offset);
}
