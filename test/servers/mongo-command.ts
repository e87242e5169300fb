import { once } from 'node:events';
import { connect } from 'node:net';
import { type Document, decodeBson, encodeBson } from './small-bson.js';

const OP_MSG = 2013;
const HEADER = 16;
/** Bits of flags, and the kind of the one section: a document. */
const FLAGS_AND_KIND = 5;
const SILENCE_MS = 10_000;

/** One command to a MongoDB without login or TLS, on a connection of its own; the first field of it is its name. */
export async function mongoCommand(url: string, database: string, command: Document): Promise<Document> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port || 27017) });
  socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error(`no answer from ${url}`)));
  try {
    await once(socket, 'connect');
    const body = encodeBson({ ...command, $db: database });
    const head = Buffer.alloc(HEADER + FLAGS_AND_KIND);
    head.writeInt32LE(head.length + body.length, 0);
    head.writeInt32LE(OP_MSG, 12);
    socket.write(Buffer.concat([head, body]));
    let answer = Buffer.alloc(0);
    for await (const part of socket) {
      answer = Buffer.concat([answer, part as Buffer]);
      if (answer.length >= 4 && answer.length >= answer.readInt32LE(0)) {
        return decodeBson(answer.subarray(HEADER + FLAGS_AND_KIND));
      }
    }
    throw new Error(`${url} closed the connection before its answer`);
  } finally {
    socket.destroy();
  }
}
