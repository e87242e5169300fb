import { patternFault, StreamPattern } from '../../../core/stream-pattern.js';
import { mapOf, object } from '../spec/collections.js';
import { choice, rate, text } from '../spec/scalars.js';
import { schemaFile } from './schema-file.js';

const stream = object({
  rate: {
    spec: rate(),
    example: '100Hz',
    doc: 'How many rows a second the stream is meant to have; for people and drawings',
  },
  time: {
    spec: object({
      field: { spec: text(), required: true, example: 't', doc: 'The field that holds the time of a row' },
      unit: {
        spec: choice({ s: true, ms: true, us: true, ns: true }),
        defaultText: 'by the size of the number, or ISO 8601',
        doc: 'The unit of the number',
      },
    }),
    example: '{ field: t, unit: ms }',
    defaultText: '`t`, `ts`, `time` or `timestamp`',
    doc: 'Where the rows carry their time',
  },
  key: {
    spec: text(),
    example: 'car/{car}',
    defaultText: "the stream's name without its last level",
    doc: 'The entity the stream belongs to, with captures of the pattern; streams of one entity can be joined',
  },
  decoder: {
    spec: choice({
      json: true,
      avro: true,
      senml: false,
      sparkplug: false,
      'line-protocol': false,
      cbor: false,
      msgpack: false,
      csv: false,
      racecapture: false,
    }),
    defaultText: 'by the content type of the message, else `json`',
    doc: 'The format of the payload',
  },
  schema: {
    spec: schemaFile,
    example: 'schemas/imu.avsc',
    defaultText: 'columns are learned',
    doc: 'The columns of the rows, as an Avro record; steps are checked against them, rows that come are not',
  },
});

function nameFault(name: string): string | null {
  if (name === 'undeclared') return 'what stands below streams are stream patterns; write gateway.undeclared: reject';
  const fault = patternFault(name);
  return fault === null ? null : `the stream pattern "${name}" ${fault}`;
}

export const streamsKey = {
  spec: mapOf(stream, 'PATTERN', nameFault),
  doc: 'What is known of the streams, by pattern; of several patterns that match, the first that says something counts',
  example: 'car/{car}/imu: { rate: 100Hz }',
};

/** Why the key template of a pattern will not do, or null. */
export function entityKeyFault(key: string, pattern: string): string | null {
  const fault = patternFault(key);
  if (fault !== null) return fault;
  if (/[+#]/.test(key)) return 'may not hold + or #';
  const captures = new StreamPattern(pattern).captures;
  const unknown = new StreamPattern(key).captures.find((capture) => !captures.includes(capture));
  if (unknown === undefined) return null;
  return `takes {${unknown}}, which "${pattern}" does not capture`;
}
