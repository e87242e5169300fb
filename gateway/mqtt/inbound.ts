import type { Refusal } from '../accept.js';
import { ANSWER, AnswerQueue } from './answer-queue.js';
import { writeAcknowledgement } from './codec/acknowledgement.js';
import { PLACE, PROPERTY } from './codec/properties.js';
import type { Connection } from './connection.js';
import { MqttFault, malformed, protocolError } from './mqtt-fault.js';
import { REASON_CHARACTERS_MAX } from './mqtt-limits.js';
import type { MqttServer } from './mqtt-server.js';
import { REASON } from './reason-codes.js';
import type { Session } from './session.js';

/**
 * The publish side of one open connection: PUBLISH at each QoS, PUBREL, and the answers, which leave only when what
 * they answer for is durable.
 */
export class Inbound {
  readonly answers: AnswerQueue;
  private readonly aliases: (string | undefined)[] = [];
  /** QoS 1 and 2 messages that are not finished, as the client's send quota counts them (MQTT 5, section 4.9). */
  private inFlight = 0;
  private lastCut = 0;
  private durableCut = 0;

  constructor(
    private readonly server: MqttServer,
    private readonly connection: Connection,
    private readonly session: Session,
  ) {
    this.answers = new AnswerQueue(server.budget);
  }

  /** `bytes[start, end)` is a PUBLISH behind its fixed header. */
  publish(first: number, bytes: Buffer, start: number, end: number): void {
    const { server, connection } = this;
    const qos = (first >> 1) & 3;
    if (qos === 3) throw malformed('the QoS is 3');
    if (qos === 0 && (first & 8) !== 0) throw malformed('DUP is set at QoS 0');
    if (end - start < 2) throw malformed('PUBLISH without a topic');
    const topicEnd = start + 2 + ((bytes[start] << 8) | bytes[start + 1]);
    let at = topicEnd;
    let id = 0;
    if (qos > 0) {
      id = at + 2 <= end ? (bytes[at] << 8) | bytes[at + 1] : 0;
      at += 2;
    }
    if (at > end) throw malformed('PUBLISH is shorter than its topic');
    if (qos > 0 && id === 0) throw protocolError('a packet identifier is 0');
    let topic = topicEnd > start + 2 ? server.topics.text(bytes, start + 2, topicEnd) : '';
    let format: string | null = null;
    if (connection.level === 5) {
      if (bytes[at] === 0 && at < end) at++;
      else {
        const { properties } = server;
        properties.read(server.packetReader.over(bytes, at, end), PLACE.publish);
        at = server.packetReader.at;
        if (properties.has(PROPERTY.topicAlias)) topic = this.byAlias(topic, properties.number(PROPERTY.topicAlias, 0));
        format = properties.text(PROPERTY.contentType);
        if (format === '') format = null;
      }
      if (qos > 0 && ++this.inFlight > server.limits.receiveMaximum) {
        throw new MqttFault(REASON.receiveMaximumExceeded, 'more messages in flight than the receive maximum');
      }
    }
    if (topic === '') throw protocolError('the topic is empty');
    if (qos === 2 && this.session.heldIds.has(id)) {
      this.answerAgain(id);
      return;
    }
    server.messages++;
    const { cut, refusal } = server.acceptor.accept(connection, topic, bytes.subarray(at, end), format);
    this.lastCut = cut;
    if (refusal !== null) server.refused++;
    if (qos === 0) return;
    if (refusal === null) {
      this.owe(qos === 1 ? ANSWER.puback : ANSWER.pubrec, id, 0, null, qos === 1 ? cut : this.hold(id, cut));
    } else this.answerRefusal(qos, id, cut, refusal);
  }

  /** PUBREL: the client has our PUBREC and forgets the message. */
  release(id: number): void {
    const { session, connection } = this;
    const known = session.heldIds.has(id);
    const cut = this.server.sessions.release(session, id, connection);
    if (cut !== 0) {
      // A kept session knows no more than that the identifier is free now: the PUBREL may be one sent again.
      this.lastCut = cut;
      this.owe(ANSWER.pubcomp, id, REASON.success, null, cut);
      return;
    }
    const reason = known || connection.level < 5 ? REASON.success : REASON.packetIdentifierNotFound;
    writeAcknowledgement(connection.out, ANSWER.pubcomp, id, reason, null, connection.packetBytesMax);
    this.ended(1);
  }

  /** Everything up to `cut` is durable: its answers go into the connection's output. */
  durable(cut: number): void {
    const { connection } = this;
    this.durableCut = cut;
    this.ended(this.answers.flush(cut, connection.out, this.server.marks, connection.packetBytesMax));
  }

  private ended(messages: number): void {
    this.inFlight = messages > this.inFlight ? 0 : this.inFlight - messages;
  }

  private owe(kind: number, id: number, code: number, reason: string | null, cut: number): void {
    if (!this.answers.push(kind, id, code, reason, cut)) {
      throw new MqttFault(REASON.receiveMaximumExceeded, 'more unanswered messages than there are packet identifiers');
    }
  }

  private hold(id: number, cut: number): number {
    return (this.lastCut = this.server.sessions.hold(this.session, id, this.connection, cut));
  }

  /** A QoS 2 message whose identifier is not released yet: PUBREC, and it is not stored again ([MQTT-4.3.3-10]). */
  private answerAgain(id: number): void {
    const { session, connection } = this;
    // The earlier message may wait for its cut still, perhaps on an older connection: the fact is set anew, and the
    // answer waits for it.
    const cut = session.durable ? this.hold(id, this.lastCut) : this.lastCut;
    if (cut > this.durableCut) this.owe(ANSWER.pubrec, id, 0, null, cut);
    else writeAcknowledgement(connection.out, ANSWER.pubrec, id, 0, null, connection.packetBytesMax);
  }

  private answerRefusal(qos: number, id: number, cut: number, refusal: Refusal): void {
    const { connection } = this;
    const isV5 = connection.level === 5;
    const code = isV5 ? reasonOf(refusal) : REASON.success;
    const reason = isV5 && connection.problemInformation ? refusal.reason.slice(0, REASON_CHARACTERS_MAX) : null;
    // A PUBREC with an error ends the flow, so the identifier is not held ([MQTT-4.3.3-9]).
    if (qos === 1) this.owe(ANSWER.puback, id, code, reason, cut);
    else this.owe(ANSWER.pubrec, id, code, reason, code >= 0x80 ? cut : this.hold(id, cut));
  }

  private byAlias(topic: string, alias: number): string {
    if (alias > this.server.limits.topicAliasMaximum) {
      throw new MqttFault(REASON.topicAliasInvalid, `topic alias ${alias} is above the topic alias maximum`);
    }
    if (topic !== '') {
      this.aliases[alias] = topic;
      return topic;
    }
    const known = this.aliases[alias];
    if (known === undefined) throw protocolError(`topic alias ${alias} has no topic`);
    return known;
  }
}

function reasonOf({ code, storedRows }: Refusal): number {
  if (storedRows > 0) return REASON.success;
  if (code === 'bad-stream-name' || code === 'undeclared-stream') return REASON.topicNameInvalid;
  if (code === 'not-authorised') return REASON.notAuthorised;
  return REASON.payloadFormatInvalid;
}
