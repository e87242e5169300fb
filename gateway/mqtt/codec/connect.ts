import { MqttFault, malformed } from '../mqtt-fault.js';
import { REASON } from '../reason-codes.js';
import type { PacketReader } from './packet-reader.js';
import type { ProtocolLevel } from './packet-type.js';
import { PLACE, PROPERTY, Properties } from './properties.js';

export interface Will {
  topic: string;
  payload: Buffer;
  qos: number;
  retain: boolean;
  contentType: string | null;
  delayS: number;
}

/** What a CONNECT says. `level` is set as soon as it is known, so that a fault behind it can be answered in its form. */
export class ConnectPacket {
  level: ProtocolLevel | 0 = 0;
  clientId = '';
  cleanStart = true;
  keepAliveS = 0;
  username: string | null = null;
  password: Buffer | null = null;
  will: Will | null = null;
  /** 0xffffffff: for ever, which is what a 3.1.1 session that is not clean asks for. */
  sessionExpiryS = 0;
  receiveMaximum = 65_535;
  packetBytesMax = 0xffffffff;
  requestProblemInformation = true;
  authenticationMethod: string | null = null;
}

/** The protocol level is not one of ours; `answer` is the CONNACK to send. */
export class VersionRefused extends MqttFault {
  constructor(readonly answer: Buffer) {
    super(REASON.unsupportedProtocolVersion, 'the protocol version is not supported; use MQTT 3.1.1 or 5');
  }
}

/** Reads a CONNECT (section 3.1) into `packet`. Texts and payloads are copies. */
export function readConnect(reader: PacketReader, first: number, packet: ConnectPacket): void {
  const name = reader.binary().toString('latin1');
  if (name !== 'MQTT' && name !== 'MQIsdp') throw malformed('the protocol name is not MQTT');
  const level = reader.u8();
  if (name === 'MQTT' ? level !== 4 && level !== 5 : level !== 3) {
    // A level that exists under the other name gets the answer of 3.1.1 ([MQTT-3.1.2-2]), any other that of MQTT 5.
    const known = level === 3 || level === 4 || level === 5;
    throw new VersionRefused(Buffer.from(known ? [0x20, 2, 0, 1] : [0x20, 3, 0, 0x84, 0]));
  }
  packet.level = level as ProtocolLevel;
  // MQTT 3.1 does not use the low bits of the first byte nor the lowest connect flag; later ones keep them at 0.
  const flags = reader.u8();
  if (level > 3 && ((first & 0x0f) !== 0 || (flags & 1) !== 0)) throw malformed('a reserved bit of CONNECT is set');
  const hasWill = (flags & 0x04) !== 0;
  const willQos = (flags >> 3) & 3;
  const willRetain = (flags & 0x20) !== 0;
  const hasUsername = (flags & 0x80) !== 0;
  const hasPassword = (flags & 0x40) !== 0;
  if (!hasWill && (willQos !== 0 || willRetain)) throw malformed('will flags are set without a will');
  if (willQos === 3) throw malformed('the will QoS is 3');
  if (level < 5 && hasPassword && !hasUsername) throw malformed('a password without a user name');
  packet.cleanStart = (flags & 2) !== 0;
  packet.keepAliveS = reader.u16();
  const properties = new Properties();
  if (level === 5) {
    properties.read(reader, PLACE.connect);
    packet.sessionExpiryS = properties.number(PROPERTY.sessionExpiry, 0);
    packet.receiveMaximum = properties.number(PROPERTY.receiveMaximum, 65_535);
    packet.packetBytesMax = properties.number(PROPERTY.maximumPacketSize, 0xffffffff);
    packet.requestProblemInformation = properties.number(PROPERTY.requestProblemInformation, 1) === 1;
    packet.authenticationMethod = properties.text(PROPERTY.authenticationMethod);
  } else packet.sessionExpiryS = packet.cleanStart ? 0 : 0xffffffff;
  packet.clientId = reader.text('the client identifier', true);
  if (hasWill) packet.will = readWill(reader, level, willQos, willRetain, properties);
  if (hasUsername) packet.username = reader.text('the user name', true);
  if (hasPassword) packet.password = Buffer.from(reader.binary());
  reader.finish();
}

function readWill(reader: PacketReader, level: number, qos: number, retain: boolean, properties: Properties): Will {
  properties.clear();
  if (level === 5) properties.read(reader, PLACE.will);
  const topic = reader.text('the will topic', true);
  if (topic === '' || /[+#]/.test(topic)) throw malformed('the will topic is no topic name');
  return {
    topic,
    payload: Buffer.from(reader.binary()),
    qos,
    retain,
    contentType: properties.text(PROPERTY.contentType),
    delayS: properties.number(PROPERTY.willDelay, 0),
  };
}
