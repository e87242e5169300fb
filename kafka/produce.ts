import type { Socket } from 'node:net';
import type { Broker, ProducerIdentity } from './kafka-internals.js';
import type { PackedBatch } from './record-batch.js';

/** A batch with the head of its producer. */
export interface SentBatch extends PackedBatch {
  head: Buffer;
}

/** What this uses of kafkajs: its own way to a broker but for the encoding, so that nothing of a request is copied. */
interface ProduceCall {
  request: { apiKey: number; apiVersion: number; apiName: string };
  response: {
    decode(payload: Buffer): Promise<Produced>;
    /** Throws the first fault there is. */
    parse(produced: Produced): Promise<unknown>;
  };
}

interface Produced {
  topics: { topicName: string; partitions: { partition: number; errorCode: number }[] }[];
  clientSideThrottleTime?: number;
}

interface RawConnection {
  clientId: string;
  socket: Socket;
  isAuthenticated(): boolean;
  authenticate(): Promise<void>;
  failIfNotConnected(): void;
  nextCorrelationId(): number;
  requestQueue: {
    push(request: {
      entry: ProduceCall['request'] & {
        correlationId: number;
        resolve: (answer: { payload: Buffer }) => void;
        reject: (error: unknown) => void;
      };
      expectResponse: boolean;
      requestTimeout: number | null;
      sendRequest: () => void;
    }): void;
    maybeThrottle(ms: number | null): void;
  };
}

interface RawBroker extends Broker {
  connectionPool: { getConnection(): Promise<RawConnection>; send(call: ProduceCall): Promise<unknown> };
}

const ACKS_ALL = -1;
const NO_BATCHES: ProducerIdentity = { producerId: '-1', producerEpoch: -1 };

/**
 * Sends the batches, at most one a partition, all of which the broker leads, and waits for all replicas in sync, up to
 * `timeoutMs`. Gives the broker's fault with each of them, null where it has taken it. Throws where nothing is known of any.
 */
export async function produce(
  broker: Broker,
  batches: readonly SentBatch[],
  timeoutMs: number,
): Promise<Map<SentBatch, Error | null>> {
  const { connectionPool } = broker as RawBroker;
  const faults = new Map<SentBatch, Error | null>();
  const send = async ({ request, response }: ProduceCall): Promise<void> => {
    const connection = await connectionPool.getConnection();
    if (!connection.isAuthenticated()) await connection.authenticate();
    const payload = await exchange(connection, request, batches, timeoutMs);
    const produced = await response.decode(payload);
    connection.requestQueue.maybeThrottle(produced.clientSideThrottleTime ?? null);
    const byPartition = new Map(batches.map((batch) => [`${batch.topic}/${batch.partition}`, batch]));
    for (const { topicName, partitions } of produced.topics) {
      for (const each of partitions) {
        const one = { ...produced, topics: [{ topicName, partitions: [each] }] };
        const fault = await response.parse(one).then(
          () => null,
          (error: Error) => error,
        );
        faults.set(byPartition.get(`${topicName}/${each.partition}`)!, fault);
      }
    }
  };
  // kafkajs chooses the version and knows the answer; the batches go past it.
  const bypass: RawBroker = Object.create(broker, {
    connectionPool: { value: Object.create(connectionPool, { send: { value: send } }) },
  });
  await bypass.produce({ ...NO_BATCHES, acks: ACKS_ALL, timeout: timeoutMs, compression: 0, topicData: [] });
  return faults;
}

function exchange(
  connection: RawConnection,
  request: ProduceCall['request'],
  batches: readonly SentBatch[],
  timeoutMs: number,
): Promise<Buffer> {
  const { clientId, socket, requestQueue } = connection;
  const correlationId = connection.nextCorrelationId();
  const parts = requestParts(request, correlationId, clientId, batches, timeoutMs);
  return new Promise<{ payload: Buffer }>((resolve, reject) => {
    connection.failIfNotConnected();
    const sendRequest = () => {
      socket.cork();
      for (const part of parts) socket.write(part);
      socket.uncork();
    };
    const entry = { ...request, correlationId, resolve, reject };
    requestQueue.push({ entry, expectResponse: true, requestTimeout: null, sendRequest });
  }).then(({ payload }) => payload);
}

/** A produce request, version 3 to 7, whose layouts are the same. */
function requestParts(
  { apiKey, apiVersion }: ProduceCall['request'],
  correlationId: number,
  clientId: string,
  batches: readonly SentBatch[],
  timeoutMs: number,
): Buffer[] {
  const topics = new Map<string, SentBatch[]>();
  for (const batch of batches) {
    const ofTopic = topics.get(batch.topic);
    if (ofTopic) ofTopic.push(batch);
    else topics.set(batch.topic, [batch]);
  }
  const size = int32(0);
  const parts = [size, int16(apiKey), int16(apiVersion), int32(correlationId), ...text(clientId)];
  parts.push(int16(-1), int16(ACKS_ALL), int32(timeoutMs), int32(topics.size));
  for (const [topic, ofTopic] of topics) {
    parts.push(...text(topic), int32(ofTopic.length));
    for (const { partition, head, records } of ofTopic) {
      parts.push(int32(partition), int32(head.length + records.length), head, records);
    }
  }
  size.writeInt32BE(parts.reduce((sum, part) => sum + part.length, 0) - size.length);
  return parts;
}

function text(value: string): Buffer[] {
  const bytes = Buffer.from(value);
  return [int16(bytes.length), bytes];
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
