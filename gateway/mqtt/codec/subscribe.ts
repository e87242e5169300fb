import { malformed, protocolError } from '../mqtt-fault.js';
import { topicFilterFault } from '../topic-filter.js';
import { type OutBuffer, varintBytes, writeU16, writeVarint } from './out-buffer.js';
import type { PacketReader } from './packet-reader.js';
import type { ProtocolLevel } from './packet-type.js';
import { PLACE, PROPERTY, type Properties } from './properties.js';

export interface SubscriptionRequest {
  filter: string;
  noLocal: boolean;
  /** `$share/NAME/FILTER`, in MQTT 5 only. */
  shared: boolean;
}

export interface SubscribePacket {
  id: number;
  /** 0: none. */
  subscriptionIdentifier: number;
  requests: SubscriptionRequest[];
}

/** Reads a SUBSCRIBE (section 3.8). */
export function readSubscribe(reader: PacketReader, level: ProtocolLevel, properties: Properties): SubscribePacket {
  const id = reader.u16();
  if (id === 0) throw malformed('a packet identifier is 0');
  let subscriptionIdentifier = 0;
  if (level === 5) {
    properties.read(reader, PLACE.subscribe);
    subscriptionIdentifier = properties.number(PROPERTY.subscriptionIdentifier, 0);
  }
  if (reader.left === 0) throw protocolError('SUBSCRIBE without a topic filter');
  const requests: SubscriptionRequest[] = [];
  while (reader.left > 0) {
    const filter = readFilter(reader);
    const options = reader.u8();
    if ((options & 3) === 3 || (options & (level === 5 ? 0xc0 : 0xfc)) !== 0 || (options & 0x30) === 0x30) {
      throw malformed('the subscription options are invalid');
    }
    const noLocal = (options & 4) !== 0;
    const shared = level === 5 && filter.startsWith('$share/');
    if (shared) {
      if (!/^\$share\/[^/+#]+\/./u.test(filter)) throw malformed('a shared subscription has no name or no filter');
      if (noLocal) throw protocolError('No Local on a shared subscription');
    }
    requests.push({ filter, noLocal, shared });
  }
  return { id, subscriptionIdentifier, requests };
}

/** Reads a topic filter of SUBSCRIBE or UNSUBSCRIBE. */
export function readFilter(reader: PacketReader): string {
  const filter = reader.text('a topic filter', true);
  const fault = topicFilterFault(filter);
  if (fault !== null) throw malformed(`a topic filter ${fault}`);
  return filter;
}

/** Writes SUBACK (`first` 0x90) or UNSUBACK (0xb0) with one code a filter, without properties. */
export function writeFilterAnswer(
  out: OutBuffer,
  first: number,
  level: ProtocolLevel,
  id: number,
  codes: readonly number[],
): void {
  const remaining = 2 + (level === 5 ? 1 : 0) + codes.length;
  const bytes = out.reserve(1 + varintBytes(remaining) + remaining);
  let at = out.offset;
  bytes[at++] = first;
  at = writeVarint(bytes, at, remaining);
  at = writeU16(bytes, at, id);
  if (level === 5) bytes[at++] = 0;
  for (const code of codes) bytes[at++] = code;
}
