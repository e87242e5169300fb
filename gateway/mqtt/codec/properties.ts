import { MqttFault, malformed, protocolError } from '../mqtt-fault.js';
import { REASON } from '../reason-codes.js';
import type { PacketReader } from './packet-reader.js';

/** Identifiers of the properties this server reads or writes (MQTT 5, section 2.2.2.2). */
export const PROPERTY = {
  payloadFormat: 0x01,
  messageExpiry: 0x02,
  contentType: 0x03,
  responseTopic: 0x08,
  correlationData: 0x09,
  subscriptionIdentifier: 0x0b,
  sessionExpiry: 0x11,
  assignedClientIdentifier: 0x12,
  serverKeepAlive: 0x13,
  authenticationMethod: 0x15,
  authenticationData: 0x16,
  requestProblemInformation: 0x17,
  willDelay: 0x18,
  requestResponseInformation: 0x19,
  serverReference: 0x1c,
  reasonString: 0x1f,
  receiveMaximum: 0x21,
  topicAliasMaximum: 0x22,
  topicAlias: 0x23,
  maximumQos: 0x24,
  retainAvailable: 0x25,
  userProperty: 0x26,
  maximumPacketSize: 0x27,
  sharedSubscriptionAvailable: 0x2a,
} as const;

/** Where properties stand, as bits. */
export const PLACE = {
  connect: 1,
  will: 2,
  publish: 4,
  acknowledgement: 8,
  subscribe: 16,
  unsubscribe: 32,
  disconnect: 64,
} as const;

const IDENTIFIERS = 0x2b;
type Kind = 'flag' | 'byte' | 'u16' | 'u32' | 'varint' | 'text' | 'binary' | 'pair';
const KINDS: (Kind | undefined)[] = new Array(IDENTIFIERS);
const PLACES = new Uint8Array(IDENTIFIERS);

function define(id: number, kind: Kind, places: number): void {
  KINDS[id] = kind;
  PLACES[id] = places;
}
define(PROPERTY.payloadFormat, 'flag', PLACE.publish | PLACE.will);
define(PROPERTY.messageExpiry, 'u32', PLACE.publish | PLACE.will);
define(PROPERTY.contentType, 'text', PLACE.publish | PLACE.will);
define(PROPERTY.responseTopic, 'text', PLACE.publish | PLACE.will);
define(PROPERTY.correlationData, 'binary', PLACE.publish | PLACE.will);
define(PROPERTY.subscriptionIdentifier, 'varint', PLACE.subscribe);
define(PROPERTY.sessionExpiry, 'u32', PLACE.connect | PLACE.disconnect);
define(PROPERTY.authenticationMethod, 'text', PLACE.connect);
define(PROPERTY.authenticationData, 'binary', PLACE.connect);
define(PROPERTY.requestProblemInformation, 'flag', PLACE.connect);
define(PROPERTY.willDelay, 'u32', PLACE.will);
define(PROPERTY.requestResponseInformation, 'flag', PLACE.connect);
define(PROPERTY.reasonString, 'text', PLACE.acknowledgement | PLACE.disconnect);
define(PROPERTY.receiveMaximum, 'u16', PLACE.connect);
define(PROPERTY.topicAliasMaximum, 'u16', PLACE.connect);
define(PROPERTY.topicAlias, 'u16', PLACE.publish);
define(PROPERTY.userProperty, 'pair', 127);
define(PROPERTY.maximumPacketSize, 'u32', PLACE.connect);
// Only a server sends these; a client that does is told so by name.
define(PROPERTY.assignedClientIdentifier, 'text', 0);
define(PROPERTY.serverKeepAlive, 'u16', 0);
define(0x1a, 'text', 0);
define(PROPERTY.serverReference, 'text', 0);
define(PROPERTY.maximumQos, 'byte', 0);
define(PROPERTY.retainAvailable, 'byte', 0);
define(0x28, 'byte', 0);
define(0x29, 'byte', 0);
define(PROPERTY.sharedSubscriptionAvailable, 'byte', 0);

/**
 * The properties of one packet: read strictly (known, in their place, once, in range), then asked for by identifier.
 * One object is used again for packet after packet. User properties are checked and passed over.
 */
export class Properties {
  private readonly seen = new Uint8Array(IDENTIFIERS);
  private readonly numbers = new Float64Array(IDENTIFIERS);
  private readonly texts: string[] = new Array(IDENTIFIERS).fill('');

  clear(): void {
    this.seen.fill(0);
  }
  has(id: number): boolean {
    return this.seen[id] === 1;
  }
  /** The value of a numeric property, or `otherwise` when it is absent. */
  number(id: number, otherwise: number): number {
    return this.seen[id] === 1 ? this.numbers[id] : otherwise;
  }
  /** The value of a text property, or null when it is absent. */
  text(id: number): string | null {
    return this.seen[id] === 1 ? this.texts[id] : null;
  }

  read(reader: PacketReader, place: number): void {
    this.clear();
    const length = reader.varint();
    if (length > reader.left) throw malformed('the properties are longer than their packet');
    const end = reader.at + length;
    while (reader.at < end) {
      const id = reader.varint();
      const kind = id < IDENTIFIERS ? KINDS[id] : undefined;
      if (kind === undefined) throw malformed(`property 0x${id.toString(16)} does not exist`);
      this.readValue(reader, id, kind);
      if (reader.at > end) throw malformed('a property is longer than the property length');
      if ((PLACES[id] & place) === 0) throw protocolError(`property 0x${id.toString(16)} does not belong here`);
      if (kind === 'pair') continue;
      if (this.seen[id] === 1) throw protocolError(`property 0x${id.toString(16)} is there twice`);
      this.seen[id] = 1;
    }
    if (length > 0) this.checkRanges();
  }

  private readValue(reader: PacketReader, id: number, kind: Kind): void {
    switch (kind) {
      case 'flag':
      case 'byte':
        this.numbers[id] = reader.u8();
        if (kind === 'flag' && this.numbers[id] > 1) throw protocolError(`property 0x${id.toString(16)} is not 0 or 1`);
        break;
      case 'u16':
        this.numbers[id] = reader.u16();
        break;
      case 'u32':
        this.numbers[id] = reader.u32();
        break;
      case 'varint':
        this.numbers[id] = reader.varint();
        break;
      case 'text':
        this.texts[id] = reader.text('a property', id !== PROPERTY.reasonString);
        break;
      case 'binary':
        reader.binary();
        break;
      case 'pair':
        reader.text('the name of a user property', false);
        reader.text('the value of a user property', false);
        break;
    }
  }

  private checkRanges(): void {
    if (this.number(PROPERTY.receiveMaximum, 1) === 0) throw protocolError('Receive Maximum is 0');
    if (this.number(PROPERTY.maximumPacketSize, 1) === 0) throw protocolError('Maximum Packet Size is 0');
    if (this.number(PROPERTY.subscriptionIdentifier, 1) === 0) throw protocolError('Subscription Identifier is 0');
    if (this.number(PROPERTY.topicAlias, 1) === 0) throw new MqttFault(REASON.topicAliasInvalid, 'Topic Alias is 0');
    const responseTopic = this.text(PROPERTY.responseTopic);
    if (responseTopic !== null && (responseTopic === '' || /[+#]/.test(responseTopic))) {
      throw protocolError('Response Topic is no topic name');
    }
    if (this.has(PROPERTY.authenticationData) && !this.has(PROPERTY.authenticationMethod)) {
      throw protocolError('Authentication Data without Authentication Method');
    }
  }
}
