import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import kafkajs, { type Kafka, type LogEntry, type SASLOptions } from 'kafkajs';
import type { Logger } from '../core/logger.js';
import { registerCodecs } from './codecs.js';
import type { KafkaConnection, KafkaSasl, KafkaTls } from './kafka-connection.js';
import { quietLogger } from './kafka-log.js';
import type { KafkaSockets } from './kafka-sockets.js';

const CONNECT_MS = 5_000;
const AUTHENTICATE_MS = 10_000;
/** A broker that is slow answers within this, or the request counts as lost. */
const REQUEST_MS = 30_000;

export interface KafkaClientOptions {
  /** Shows in the brokers' logs and quotas. */
  clientId: string;
  logger?: Logger;
  /** Attempts of kafkajs itself before a call fails; callers that try for ever do so around it. */
  retries?: number;
  /** The caller watches over its requests itself. */
  ownTimeouts?: boolean;
  /** Makes its sockets, for a caller that must be able to cut them. */
  sockets?: KafkaSockets;
}

/** A kafkajs client with our codecs, limits and logging. Nothing connects before it is used. */
export function kafkaClient(connection: KafkaConnection, options: KafkaClientOptions): Kafka {
  registerCodecs();
  const { logger } = options;
  return new kafkajs.Kafka({
    clientId: options.clientId,
    brokers: [...connection.brokers],
    ssl: connection.tls ? tlsOptions(connection.tls) : undefined,
    sasl: connection.sasl ? saslOptions(connection.sasl) : undefined,
    connectionTimeout: CONNECT_MS,
    authenticationTimeout: AUTHENTICATE_MS,
    requestTimeout: REQUEST_MS,
    enforceRequestTimeout: !options.ownTimeouts,
    ...(options.sockets ? { socketFactory: options.sockets.open } : {}),
    retry: { retries: options.retries ?? 3, initialRetryTime: 100, maxRetryTime: 2_000 },
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => (entry: LogEntry) => quietLogger(logger, entry),
  });
}

function tlsOptions({ ca, cert, key }: KafkaTls): ConnectionOptions {
  return {
    ...(ca ? { ca: readFileSync(ca) } : {}),
    ...(cert ? { cert: readFileSync(cert) } : {}),
    ...(key ? { key: readFileSync(key) } : {}),
  };
}

function saslOptions({ mechanism, username, password }: KafkaSasl): SASLOptions {
  return { mechanism, username, password } as SASLOptions;
}
