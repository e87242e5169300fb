import { DEAD_LETTERS_TOPIC } from '../bus/bus.js';
import { patternFault, StreamPattern } from '../core/stream-pattern.js';
import { closeAll, openTopic } from '../pipeline/bus-reader.js';
import { loadConfig } from '../pipeline/config/load-config.js';
import { SeenOrigins } from '../pipeline/seen-origins.js';
import { type DeadLetter, decodeDeadLetter } from '../schemas/dead-letter.js';
import { CONFIG_OPTION, type Command, usageError } from './command.js';

const READ_BYTES = 1024 * 1024;
/** Of an original, in a line for people. */
const SHOWN_BYTES = 120;

export const command: Command = {
  name: 'dead-letters',
  summary: 'list what was refused and why',
  usage: 'list [-c FILE] [--stream PATTERN] [--code CODE] [--last N] [--json]',
  options: {
    config: CONFIG_OPTION,
    stream: { type: 'string', value: 'PATTERN', doc: 'only streams that match' },
    code: { type: 'string', value: 'CODE', doc: 'only this error code' },
    last: { type: 'string', default: '1000', value: 'N', doc: 'at most the N newest' },
    json: { type: 'boolean', doc: 'one JSON object a line, with the whole original' },
  },
  positionals: true,
  help: `A line shows the position (partition/offset, processors/… for rows that a processor failed for, sinks/… for rows that a store refused), when it was received, the stream, the code, the reason and the
start of the original. "show" and "replay" are not part of this version.`,
  async run({ values, positionals }, io) {
    const [action] = positionals;
    if (action === 'show' || action === 'replay')
      throw usageError(`dead-letters ${action} is not part of this version; use list --json`);
    if (action !== 'list' || positionals.length > 1) throw usageError('dead-letters takes one action: list');
    const last = Number(values.last);
    if (!(Number.isInteger(last) && last >= 1)) throw usageError('--last takes a whole number from 1');
    if (typeof values.stream === 'string') {
      const fault = patternFault(values.stream);
      if (fault) throw usageError(`--stream "${values.stream}" ${fault}`);
    }
    const pattern = typeof values.stream === 'string' ? new StreamPattern(values.stream) : null;
    const config = await loadConfig(values.config as string, io.env);
    const open = await openTopic(config, DEAD_LETTERS_TOPIC);
    const found: { position: string; letter: DeadLetter }[] = [];
    let unreadable = 0;
    for (const { bus, topic, partition, log } of open) {
      const seen = new SeenOrigins();
      for (let offset = await bus.start(topic, partition); ; ) {
        const run = await bus.read(topic, partition, offset, READ_BYTES);
        // Between the records of a topic in Kafka there may be messages of others, and whole runs of them.
        if (run.next === offset && run.records.length === 0) break;
        for (const record of run.records) {
          if (!seen.isNew(record)) continue;
          const letter = readable(record.value);
          if (letter === null) unreadable++;
          if (letter === null || (pattern && !pattern.matches(letter.stream))) continue;
          if (values.code !== undefined && letter.code !== values.code) continue;
          // Copied: a record's bytes are valid until the next read only.
          letter.original = Buffer.from(values.json ? letter.original : letter.original.subarray(0, SHOWN_BYTES + 1));
          found.push({ position: `${log}${partition}/${record.offset}`, letter });
        }
        offset = run.next;
        if (found.length > last * 2) found.sort(byTime).splice(0, found.length - last);
      }
    }
    await closeAll(open);
    found.sort(byTime);
    for (const { position, letter } of found.slice(-last)) {
      io.stdout.write(values.json ? `${asJson(position, letter)}\n` : `${asLine(position, letter)}\n`);
    }
    if (unreadable > 0) io.stderr.write(`records that cannot be read and are left out: ${unreadable}\n`);
    if (found.length === 0) io.stderr.write('no dead letters\n');
    return 0;
  },
};

function readable(value: Buffer): DeadLetter | null {
  try {
    return decodeDeadLetter(value);
  } catch {
    return null;
  }
}

function byTime(a: { letter: DeadLetter }, b: { letter: DeadLetter }): number {
  return a.letter.receivedUs - b.letter.receivedUs;
}

function asLine(position: string, letter: DeadLetter): string {
  const when = new Date(letter.receivedUs / 1000).toISOString();
  const text = letter.original.toString('utf8', 0, SHOWN_BYTES);
  const dots = letter.original.length > SHOWN_BYTES ? '…' : '';
  const line = `${position}  ${when}  ${letter.stream || '(no stream)'}  ${letter.code}: ${letter.reason}  <- ${text}${dots}`;
  // What a device sent must not steer the terminal.
  return line.replace(/[\p{Cc}\p{Cf}\ufffd]+/gu, ' ');
}

/** The original as text where it is UTF-8, else in base64. */
function asJson(position: string, letter: DeadLetter): string {
  const text = letter.original.toString('utf8');
  const isText = Buffer.from(text).equals(letter.original);
  const { original, ...rest } = letter;
  return JSON.stringify({
    position,
    ...rest,
    ...(isText ? { original: text } : { originalBase64: original.toString('base64') }),
  });
}
