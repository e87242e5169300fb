import { PAYLOAD_BYTES_MAX } from '../../core/limits.js';

/** What an MQTT connection may take; each can be set by the options of `MqttServer`. */
export interface MqttLimits {
  /** Connections at a time; more are answered with "quota exceeded". */
  connections: number;
  /** Payload of one PUBLISH; MQTT 5 clients are told the Maximum Packet Size that follows from it. */
  payloadBytes: number;
  /** Until CONNECT has arrived and been answered. */
  connectTimeoutMs: number;
  /** QoS 1 and 2 messages in flight from an MQTT 5 client; told as Receive Maximum. */
  receiveMaximum: number;
  topicAliasMaximum: number;
  /** Longest keep-alive; MQTT 5 clients that ask for more, or for none, are told this one. 0: as the client asks. */
  keepAliveMaxS: number;
  /** Longest life of a session without a connection. */
  sessionExpiryMaxS: number;
  subscriptionsMax: number;
  /** Unsent bytes at which live rows are dropped and the connection is no longer read; not below a socket's own 64 KiB. */
  unsentBytesMax: number;
  /** How long `close` waits for acknowledgements that are still to come. */
  shutdownGraceMs: number;
}

export const MQTT_LIMITS: Readonly<MqttLimits> = {
  connections: 10_000,
  payloadBytes: PAYLOAD_BYTES_MAX,
  connectTimeoutMs: 10_000,
  receiveMaximum: 8192,
  topicAliasMaximum: 64,
  keepAliveMaxS: 0,
  sessionExpiryMaxS: 7 * 86_400,
  subscriptionsMax: 128,
  unsentBytesMax: 1024 * 1024,
  shutdownGraceMs: 5000,
};

/** Room for topic and properties beside the payload of a PUBLISH. */
export const PUBLISH_OVERHEAD_BYTES = 1024;
/** Any packet but PUBLISH. Room for the longest will (topic and payload of 65,535 bytes), not for a memory attack. */
export const CONTROL_BYTES_MAX = 256 * 1024;
/** The standard asks for 23; longer ones than this only make the keys of facts too long for the bus. */
export const CLIENT_ID_BYTES_MAX = 512;
/** Reason strings are for people; longer ones are cut. */
export const REASON_CHARACTERS_MAX = 512;
/** What may wait unread while CONNECT is being decided; a client that sends more is not waiting for CONNACK. */
export const WAITING_BYTES_MAX = 1024 * 1024;
/** Over the memory budget, an unfinished packet must go on within this time, or its memory is taken back. */
export const UNFINISHED_PACKET_MS = 10_000;
