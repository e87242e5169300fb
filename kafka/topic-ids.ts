import type { Broker } from './kafka-internals.js';

/** Metadata names the ids of topics from here on (Kafka 2.8); kafkajs speaks older ones. */
const METADATA = { apiKey: 3, apiVersion: 10, apiName: 'Metadata' };
const NO_ID = Buffer.alloc(16);

/** What kafkajs hands to a connection: see `src/protocol/requests` there. */
interface RawBroker {
  versions: Record<number, { maxVersion: number }> | null;
  connectionPool: {
    send(call: {
      request: typeof METADATA & { encode: () => Promise<{ buf: Buffer; buffer: Buffer }> };
      response: { decode: (payload: Buffer) => Promise<unknown>; parse: (decoded: unknown) => Promise<unknown> };
    }): Promise<unknown>;
  };
}

/**
 * The ids of topics, by name: a topic that is deleted and made anew has another. Without those that are not there, and
 * without any where the broker is too old to know them.
 */
export async function topicIds(broker: Broker, topics: readonly string[]): Promise<Map<string, string>> {
  const { versions, connectionPool } = broker as unknown as RawBroker;
  if ((versions?.[METADATA.apiKey]?.maxVersion ?? 0) < METADATA.apiVersion) return new Map();
  const buffer = requestOf(topics);
  const answer = await connectionPool.send({
    request: { ...METADATA, encode: async () => ({ buf: buffer, buffer }) },
    response: { decode: async (payload) => idsIn(payload), parse: async (decoded) => decoded },
  });
  return answer as Map<string, string>;
}

function requestOf(topics: readonly string[]): Buffer {
  const parts = [Buffer.from([0]), varint(topics.length + 1)];
  for (const topic of topics) {
    const name = Buffer.from(topic);
    parts.push(NO_ID, varint(name.length + 1), name, Buffer.from([0]));
  }
  // No topic is to be made, and nobody's rights are of interest.
  parts.push(Buffer.from([0, 0, 0, 0]));
  return Buffer.concat(parts);
}

function idsIn(payload: Buffer): Map<string, string> {
  const answer = new Answer(payload);
  answer.tags();
  answer.skip(4);
  answer.each(() => {
    answer.skip(4);
    answer.text();
    answer.skip(4);
    answer.text();
    answer.tags();
  });
  answer.text();
  answer.skip(4);
  const ids = new Map<string, string>();
  answer.each(() => {
    const code = answer.int16();
    const name = answer.text();
    const id = answer.bytes(16);
    answer.skip(1);
    answer.each(() => {
      answer.skip(2 + 4 + 4 + 4);
      for (let list = 0; list < 3; list++) answer.each(() => answer.skip(4));
      answer.tags();
    });
    answer.skip(4);
    answer.tags();
    if (code === 0 && name !== null && !id.equals(NO_ID)) ids.set(name, id.toString('base64url'));
  });
  return ids;
}

/** Kafka's flexible encoding, read from its start to its end. */
class Answer {
  private at = 0;

  constructor(private readonly from: Buffer) {}

  skip(bytes: number): void {
    this.at += bytes;
  }

  int16(): number {
    this.at += 2;
    return this.from.readInt16BE(this.at - 2);
  }

  bytes(length: number): Buffer {
    this.at += length;
    return this.from.subarray(this.at - length, this.at);
  }

  text(): string | null {
    const length = this.varint();
    return length === 0 ? null : this.bytes(length - 1).toString();
  }

  each(read: () => void): void {
    for (let left = this.varint() - 1; left > 0; left--) read();
  }

  tags(): void {
    for (let left = this.varint(); left > 0; left--) {
      this.varint();
      this.skip(this.varint());
    }
  }

  private varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.from.readUInt8(this.at++);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left & 0x7f) | 0x80);
  bytes.push(left);
  return Buffer.from(bytes);
}
