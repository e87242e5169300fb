import { PitwallError } from '../core/errors.js';

/** What of a connection's configuration a fault is about. */
export type KafkaSetting = 'brokers' | 'sasl' | 'tls';

interface Meaning {
  text: string;
  retryable: boolean;
  setting?: KafkaSetting;
}

const TOO_FEW_IN_SYNC =
  'fewer replicas are in sync than the topic demands (min.insync.replicas); it goes on when they are back';

const lasting = (text: string): Meaning => ({ text, retryable: false });
const passing = (text: string): Meaning => ({ text, retryable: true });
const about = (setting: KafkaSetting, meaning: Meaning): Meaning => ({ ...meaning, setting });

/** What the errors of brokers mean for the operator; those not named here are passed on in the broker's words. */
const MEANINGS: Record<string, Meaning> = {
  TOPIC_AUTHORIZATION_FAILED: lasting(
    'the user has no right to the topic: it needs Describe, and Read to read, Write to write, Create to make it',
  ),
  GROUP_AUTHORIZATION_FAILED: lasting('the user has no right (Read) to the consumer group'),
  INCONSISTENT_GROUP_PROTOCOL: lasting(
    'consumers of another kind are in the consumer group: give it a name that nothing else uses',
  ),
  INVALID_SESSION_TIMEOUT: lasting(
    'the brokers do not allow this session timeout (group.min.session.timeout.ms, group.max.session.timeout.ms)',
  ),
  GROUP_MAX_SIZE_REACHED: lasting('the consumer group has as many members as the brokers allow (group.max.size)'),
  CLUSTER_AUTHORIZATION_FAILED: lasting(
    'the user lacks a right: IdempotentWrite on the cluster, or Write on the topic, to write; Create to make topics',
  ),
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: lasting('the user has no right (Write) to the transactional id'),
  SASL_AUTHENTICATION_FAILED: about('sasl', lasting('the brokers refused the user name or the password')),
  UNSUPPORTED_SASL_MECHANISM: about('sasl', lasting('the brokers do not offer this SASL mechanism')),
  ILLEGAL_SASL_STATE: about(
    'sasl',
    lasting('the listener wants no login: leave sasl out, or use the port of the one that does'),
  ),
  NOT_ENOUGH_REPLICAS: passing(TOO_FEW_IN_SYNC),
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: passing(TOO_FEW_IN_SYNC),
  INVALID_REPLICATION_FACTOR: lasting(
    'the cluster has fewer brokers than replicas are asked for: lower replication, or add brokers',
  ),
  POLICY_VIOLATION: lasting('a policy of the cluster forbids it: make the topic by hand'),
  UNKNOWN_TOPIC_OR_PARTITION: passing('the topic is not there, or not yet'),
  LEADER_NOT_AVAILABLE: passing('a partition has no leader: are all brokers running?'),
  MESSAGE_TOO_LARGE: lasting('a message is larger than the topic takes: raise its max.message.bytes'),
  RECORD_LIST_TOO_LARGE: lasting('messages are larger than the topic takes: raise its max.message.bytes'),
  INVALID_TIMESTAMP: lasting(
    'the time of a message is further from now than the topic allows: raise its message.timestamp.before.max.ms and message.timestamp.after.max.ms, or set message.timestamp.type=LogAppendTime',
  ),
  INVALID_RECORD: lasting(
    'the topic is compacted and takes no message without a key, or the message breaks a rule of it',
  ),
  UNSUPPORTED_COMPRESSION_TYPE: lasting('the brokers do not know this compression'),
  KAFKA_STORAGE_ERROR: passing('a disk of a broker failed; it goes on when another one has taken its place'),
};

/** What happened to a connection, by the code of Node or OpenSSL; the first that fits. */
const CONNECTIONS: [setting: KafkaSetting, code: RegExp, what: (at: string, code: string) => Meaning][] = [
  [
    'tls',
    /^(UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CERT_UNTRUSTED|CERT_SIGNATURE)/,
    (at, code) =>
      passing(`the certificate of the broker${at} is not trusted (${code}): set tls.ca to that of its authority`),
  ],
  [
    'tls',
    /^(CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)$/,
    (at, code) =>
      passing(`the certificate of the broker${at} is not valid now (${code}): renew it, or set the clock right`),
  ],
  [
    'tls',
    /^ERR_TLS_CERT_ALTNAME/,
    (at) => passing(`the certificate of the broker${at} is for another name: use the address that it names`),
  ],
  [
    'tls',
    /^ERR_SSL_.*(CERTIFICATE|HANDSHAKE_FAILURE)/,
    (at) => lasting(`the broker${at} wants a certificate that it trusts: set tls.cert and tls.key`),
  ],
  [
    'tls',
    /^(ERR_SSL_|EPROTO$)/,
    (at, code) =>
      passing(`the broker${at} does not speak TLS (${code}): leave tls out, or use the port of its TLS listener`),
  ],
  [
    'brokers',
    /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$/,
    (at, code) => passing(`no broker answers${at} (${code}): is it running, and is the address right?`),
  ],
];

/**
 * A fault of kafkajs as `bus-failed` (or another code), in words that say what to do; `doing` is what was being done,
 * for example "writing to telemetry". Never holds a password: kafkajs puts none into its errors.
 */
export function kafkaFault(
  error: unknown,
  doing: string,
  code: 'bus-failed' | 'sink-failed' = 'bus-failed',
): PitwallError {
  const root = rootOf(error);
  if (root instanceof PitwallError) return root;
  const { text, retryable } = meaningOf(root as Facts);
  return new PitwallError(code, `Kafka, ${doing}: ${text}`, {
    stage: code === 'bus-failed' ? 'bus' : 'sink',
    retryable,
    cause: root,
  });
}

/** Which setting to look at after a fault that `kafkaFault` has made; null where it is none of the connection's. */
export function settingOf(fault: PitwallError): KafkaSetting | null {
  return meaningOf(rootOf(fault.cause) as Facts).setting ?? null;
}

/** The broker's name of what went wrong, or null where it was no broker. */
export function typeOf(error: unknown): string | null {
  const { type } = rootOf(error) as Facts;
  return typeof type === 'string' ? type : null;
}

/** What errors of kafkajs and Node hold, each some of it. */
interface Facts {
  name?: string;
  message?: string;
  type?: string;
  code?: string | number;
  broker?: string;
  /** Of a file that could not be read. */
  path?: string;
}

/** Where kafkajs put another error into this one. */
const WRAPPERS = ['KafkaJSNumberOfRetriesExceeded', 'KafkaJSNonRetriableError', 'KafkaJSError'];

/** kafkajs wraps what happened in "number of retries exceeded", and that of several requests in an aggregate. */
function rootOf(error: unknown): object {
  let at = error as { name?: string; cause?: unknown; errors?: unknown[] };
  for (let depth = 0; depth < 8; depth++) {
    const wraps = at?.name !== undefined && WRAPPERS.includes(at.name);
    const inner = wraps ? at.cause : Array.isArray(at?.errors) ? at.errors[0] : undefined;
    if (inner === undefined || inner === null || inner === at) break;
    at = inner as typeof at;
  }
  return at ?? {};
}

function meaningOf(root: Facts): Meaning {
  const { name, type, path } = root;
  const message = root.message ?? String(root);
  const code = typeof root.code === 'string' ? root.code : '';
  const at = root.broker ? ` at ${root.broker}` : '';
  if (type !== undefined && Object.hasOwn(MEANINGS, type)) return MEANINGS[type]!;
  if (name === 'KafkaJSSASLAuthenticationError') return loginFault(message);
  if (path !== undefined && code !== '')
    return about('tls', lasting(`${path} cannot be read (${code}): check the paths below tls`));
  if (/^ERR_OSSL/.test(code) || /(DECODER|PEM|x509 certificate) routines/i.test(message))
    return about(
      'tls',
      lasting(`a file of tls cannot be used (${code}): each must be PEM, and key must belong to cert`),
    );
  if (/before secure TLS connection/.test(message)) {
    return about(
      'tls',
      passing(`the broker${at} closed the connection before TLS began: is it the port of its TLS listener?`),
    );
  }
  const connection = CONNECTIONS.find(([, codes]) => codes.test(code));
  if (connection) return about(connection[0], connection[2](at, code));
  if (name === 'KafkaJSConnectionClosedError' || code === 'ECONNRESET' || code === 'EPIPE') {
    return about(
      'brokers',
      passing(`the broker${at} closed the connection: does its listener want TLS or a login, and is it Kafka's?`),
    );
  }
  if (
    name === 'KafkaJSConnectionError' ||
    name === 'KafkaJSRequestTimeoutError' ||
    message === 'Broker not connected'
  ) {
    return about('brokers', passing(`no broker answers${at} (${message}): is it running, and is the address right?`));
  }
  return passing(message);
}

function loginFault(message: string): Meaning {
  const isMechanism = /does not support .* mechanism/i.test(message);
  return MEANINGS[isMechanism ? 'UNSUPPORTED_SASL_MECHANISM' : 'SASL_AUTHENTICATION_FAILED']!;
}
