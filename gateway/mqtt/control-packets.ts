import { ANSWER } from './answer-queue.js';
import { readAcknowledgement, writeAcknowledgement } from './codec/acknowledgement.js';
import { refuseAuth } from './codec/auth.js';
import { type DisconnectPacket, readDisconnect } from './codec/disconnect.js';
import type { PacketReader } from './codec/packet-reader.js';
import { PACKET } from './codec/packet-type.js';
import { readSubscribe, writeFilterAnswer } from './codec/subscribe.js';
import { readUnsubscribe } from './codec/unsubscribe.js';
import type { Connection } from './connection.js';
import { malformed, protocolError } from './mqtt-fault.js';
import type { MqttServer } from './mqtt-server.js';
import { REASON } from './reason-codes.js';

const PINGRESP = [0xd0, 0];

/** Everything an open connection receives but PUBLISH. */
export class ControlPackets {
  private readonly acknowledgement = { reason: 0 };

  constructor(
    private readonly server: MqttServer,
    private readonly connection: Connection,
  ) {}

  handle(type: number, first: number, bytes: Buffer, start: number, end: number): void {
    if ((first & 0x0f) !== flagsOf(type)) throw malformed('a reserved bit of the fixed header is wrong');
    const { connection } = this;
    const { level, out } = connection;
    const { properties } = this.server;
    const reader = this.server.packetReader.over(bytes, start, end);
    switch (type) {
      case PACKET.pubrel:
        connection.inbound!.release(this.acknowledgedId(type, reader));
        break;
      case PACKET.pubrec: {
        // We send nothing at QoS 2: whatever the client believes to have received is let go.
        const id = this.acknowledgedId(type, reader);
        const reason = level === 5 ? REASON.packetIdentifierNotFound : REASON.success;
        if (this.acknowledgement.reason < 0x80) {
          writeAcknowledgement(out, ANSWER.pubrel, id, reason, null, connection.packetBytesMax);
        }
        break;
      }
      case PACKET.puback:
      case PACKET.pubcomp:
        this.acknowledgedId(type, reader);
        break;
      case PACKET.subscribe: {
        const packet = readSubscribe(reader, level, properties);
        writeFilterAnswer(out, 0x90, level, packet.id, connection.subscriptions!.subscribe(packet));
        break;
      }
      case PACKET.unsubscribe: {
        const packet = readUnsubscribe(reader, level, properties);
        const codes = connection.subscriptions!.unsubscribe(packet);
        writeFilterAnswer(out, 0xb0, level, packet.id, level === 5 ? codes : []);
        break;
      }
      case PACKET.pingreq:
        reader.finish();
        out.reserve(2).set(PINGRESP, out.offset);
        break;
      case PACKET.disconnect:
        this.disconnect(readDisconnect(reader, level, properties));
        break;
      case PACKET.auth:
        throw refuseAuth(level);
      case PACKET.connect:
        throw protocolError('a second CONNECT');
      default:
        throw protocolError(`a client does not send packet type ${type}`);
    }
  }

  private acknowledgedId(type: number, reader: PacketReader): number {
    return readAcknowledgement(reader, this.connection.level, type, this.server.properties, this.acknowledgement);
  }

  private disconnect({ reason, sessionExpiryS }: DisconnectPacket): void {
    const { connection } = this;
    const session = connection.session!;
    if (sessionExpiryS !== null) {
      if (session.expiryS === 0 && sessionExpiryS > 0) throw protocolError('the session expiry was 0 in CONNECT');
      session.expiryS = Math.min(sessionExpiryS, this.server.limits.sessionExpiryMaxS);
    }
    if (reason === REASON.success) connection.will = null;
    connection.end(null, 'DISCONNECT');
  }
}

/** The reserved bits of the first byte ([MQTT-2.1.3-1]); PUBLISH has its own. */
export function flagsOf(type: number): number {
  return type === PACKET.pubrel || type === PACKET.subscribe || type === PACKET.unsubscribe ? 2 : 0;
}
