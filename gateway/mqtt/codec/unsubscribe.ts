import { malformed, protocolError } from '../mqtt-fault.js';
import type { PacketReader } from './packet-reader.js';
import type { ProtocolLevel } from './packet-type.js';
import { PLACE, type Properties } from './properties.js';
import { readFilter } from './subscribe.js';

export interface UnsubscribePacket {
  id: number;
  filters: string[];
}

/** Reads an UNSUBSCRIBE (section 3.10). */
export function readUnsubscribe(reader: PacketReader, level: ProtocolLevel, properties: Properties): UnsubscribePacket {
  const id = reader.u16();
  if (id === 0) throw malformed('a packet identifier is 0');
  if (level === 5) properties.read(reader, PLACE.unsubscribe);
  if (reader.left === 0) throw protocolError('UNSUBSCRIBE without a topic filter');
  const filters: string[] = [];
  while (reader.left > 0) filters.push(readFilter(reader));
  return { id, filters };
}
