import { randomUUID } from 'node:crypto';
import { writeConnack } from './codec/connack.js';
import type { ConnectPacket } from './codec/connect.js';
import type { Connection } from './connection.js';
import { Inbound } from './inbound.js';
import { CLIENT_ID_BYTES_MAX } from './mqtt-limits.js';
import type { MqttServer } from './mqtt-server.js';
import { REASON } from './reason-codes.js';
import { Subscriptions } from './subscriptions.js';

/** What is known of a CONNECT until its CONNACK leaves. */
interface Pending {
  packet: ConnectPacket;
  assigned: boolean;
  present: boolean;
  keepAliveS: number | null;
}

/** Decides on CONNECT: refusals, authentication, takeover, session, CONNACK. */
export class Handshake {
  private readonly pending = new Map<Connection, Pending>();

  constructor(private readonly server: MqttServer) {}

  begin(connection: Connection, packet: ConnectPacket): void {
    connection.level = packet.level || 4;
    connection.packetBytesMax = packet.packetBytesMax;
    connection.problemInformation = packet.requestProblemInformation;
    connection.client = `${packet.clientId}@${connection.client}`;
    const refusal = this.refusalOf(packet);
    if (refusal !== null) {
      connection.refuse(refusal.reason, refusal.why);
      return;
    }
    const { authenticate } = this.server;
    if (!authenticate) {
      this.open(connection, packet);
      return;
    }
    const decided = (allowed: boolean) => {
      if (connection.state !== 'deciding') return;
      if (allowed) this.open(connection, packet);
      else connection.refuse(REASON.badUserNameOrPassword, 'the user name or the password is wrong');
    };
    const answer = authenticate(packet.clientId, packet.username, packet.password);
    if (typeof answer === 'boolean') {
      decided(answer);
      return;
    }
    answer.then(decided, (error) => {
      this.server.logger.error('authentication failed to decide', { client: connection.client, error: String(error) });
      if (connection.state === 'deciding')
        connection.refuse(REASON.serverUnavailable, 'authentication is not available');
    });
  }

  /** Sends CONNACK, once nothing stands against it. */
  accept(connection: Connection): void {
    const { limits } = this.server;
    const { packet, assigned, present, keepAliveS } = this.pending.get(connection)!;
    this.pending.delete(connection);
    const session = connection.session!;
    const bytes = writeConnack(connection.out, connection.level, present, {
      sessionExpiryS: session.expiryS === packet.sessionExpiryS ? null : session.expiryS,
      receiveMaximum: limits.receiveMaximum,
      packetBytesMax: this.server.packetBytesMax,
      topicAliasMaximum: limits.topicAliasMaximum,
      assignedClientId: assigned ? connection.clientId : null,
      keepAliveS,
    });
    if (bytes > connection.packetBytesMax) {
      connection.out.take();
      connection.end(null, 'the maximum packet size is too small for CONNACK');
      return;
    }
    connection.inbound = new Inbound(this.server, connection, session);
    connection.subscriptions = new Subscriptions(this.server, connection, session);
    connection.opened();
  }

  forget(connection: Connection): void {
    this.pending.delete(connection);
  }

  private open(connection: Connection, packet: ConnectPacket): void {
    const { server } = this;
    const { limits } = server;
    const assigned = packet.clientId === '';
    connection.clientId = assigned ? `pitwall-${randomUUID()}` : packet.clientId;
    if (assigned) connection.client = connection.clientId + connection.client;
    server.takeOver(connection.clientId);
    server.wills.settle(connection.clientId, packet.cleanStart);
    const keepAliveMaxS = limits.keepAliveMaxS;
    const shorten = keepAliveMaxS > 0 && (packet.keepAliveS === 0 || packet.keepAliveS > keepAliveMaxS);
    // Only MQTT 5 clients can be told another keep-alive than theirs.
    connection.keepAliveS = shorten && packet.level === 5 ? keepAliveMaxS : packet.keepAliveS;
    connection.will = packet.will;
    if (packet.will) {
      connection.willBytes = packet.will.payload.length + packet.will.topic.length;
      server.budget.take(connection.willBytes);
    }
    const expiryS = Math.min(packet.sessionExpiryS, limits.sessionExpiryMaxS);
    const { session, present, waitForCut } = server.sessions.open(
      connection.clientId,
      packet.cleanStart,
      expiryS,
      connection,
    );
    connection.session = session;
    server.register(connection);
    const keepAliveS = connection.keepAliveS === packet.keepAliveS ? null : connection.keepAliveS;
    this.pending.set(connection, { packet, assigned, present, keepAliveS });
    if (waitForCut === 0) this.accept(connection);
    else connection.connackCut = waitForCut;
  }

  private refusalOf(packet: ConnectPacket): { reason: number; why: string } | null {
    const { server } = this;
    const { clientId, level, will } = packet;
    if (server.closing) return { reason: REASON.serverUnavailable, why: 'the gateway is shutting down' };
    if (server.budget.pressed) return { reason: REASON.quotaExceeded, why: 'the memory budget is used up' };
    if (server.connections >= server.limits.connections) {
      return { reason: REASON.quotaExceeded, why: 'there are as many connections as allowed' };
    }
    if (packet.authenticationMethod !== null) {
      return { reason: REASON.badAuthenticationMethod, why: 'no authentication method is supported' };
    }
    // 3.1 knows no empty identifier, 3.1.1 none for a session that is to be kept ([MQTT-3.1.3-8]).
    const nameless = clientId === '' && (level === 3 || (level === 4 && !packet.cleanStart));
    if (nameless || Buffer.byteLength(clientId) > CLIENT_ID_BYTES_MAX) {
      return { reason: REASON.clientIdentifierNotValid, why: 'the client identifier is empty or too long' };
    }
    if (will?.topic.startsWith('$')) {
      return { reason: REASON.topicNameInvalid, why: 'the will topic starts with $, which is kept for the server' };
    }
    if (level === 5 && will?.retain)
      return { reason: REASON.retainNotSupported, why: 'retained wills are not supported' };
    return null;
  }
}
