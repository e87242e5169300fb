import { once } from 'node:events';
import { rowToJson } from '../columnar/row-json.js';
import { patternFault, StreamPattern } from '../core/stream-pattern.js';
import { closeAll, openTopic, topicOf } from '../pipeline/bus-reader.js';
import { loadConfig } from '../pipeline/config/load-config.js';
import { unpack } from '../schemas/data-block.js';
import { readPacked } from '../schemas/packed-batch.js';
import { CONFIG_OPTION, type Command, usageError } from './command.js';

const READ_BYTES = 1024 * 1024;
const POLL_MS = 50;

export const command: Command = {
  name: 'tap',
  summary: 'show rows as they pass, as JSON lines',
  usage: 'STREAM [-c FILE] [--from start|now] [--rows N]',
  options: {
    config: CONFIG_OPTION,
    from: {
      type: 'string',
      default: 'now',
      value: 'start|now',
      doc: 'where to begin: the first row kept, or what comes from now on',
    },
    rows: { type: 'string', value: 'N', doc: 'end after N rows' },
  },
  positionals: true,
  help: `STREAM is a stream, a stream pattern (car/+/imu, car/{car}/gps, #) or a processor's output (g_at_position/#).
It reads the log beside the running gateway and disturbs nothing; it sees only what is durable.
  pitwall tap car/44/imu
  pitwall tap '#' --from start --rows 10`,
  async run({ values, positionals }, io) {
    const [stream] = positionals;
    if (stream === undefined || positionals.length > 1) throw usageError('tap takes one STREAM');
    const fault = patternFault(stream);
    if (fault) throw usageError(`STREAM "${stream}" ${fault}`);
    if (values.from !== 'start' && values.from !== 'now') throw usageError('--from takes start or now');
    const limit = values.rows === undefined ? Number.POSITIVE_INFINITY : Number(values.rows);
    if (!(limit >= 1) || (values.rows !== undefined && !Number.isInteger(limit)))
      throw usageError('--rows takes a whole number from 1');

    const config = loadConfig(values.config as string, io.env);
    const pattern = new StreamPattern(stream);
    const topic = topicOf(config, stream);
    let open = await openTopic(config, topic);
    const offsets = new Map<number, number>();
    for (const { bus, partition } of open)
      offsets.set(partition, values.from === 'now' ? await bus.end(topic, partition) : await bus.start(topic, partition));

    let stopping = false;
    const stop = () => {
      stopping = true;
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    io.stdout.once('close', stop);
    let shown = 0;
    while (!stopping && shown < limit) {
      let read = 0;
      for (const { bus, partition } of open) {
        const run = await bus.read(topic, partition, offsets.get(partition) ?? 0, READ_BYTES);
        offsets.set(partition, run.next);
        read += run.records.length;
        for (const record of run.records) {
          if (record.kind !== 'data' || !pattern.matches(record.stream) || shown >= limit) continue;
          const packed = readPacked(record.value);
          const schema = bus.schema(packed.schema);
          if (!schema) continue;
          const batch = unpack([packed], record.stream, schema);
          let text = '';
          for (let row = 0; row < batch.rows && shown < limit; row++, shown++) {
            const cells = rowToJson(batch, row);
            text += `{"stream":${JSON.stringify(record.stream)},"timeUs":${batch.timeUs[row]}${cells ? `,${cells}` : ''}}\n`;
          }
          if (!io.stdout.write(text)) await once(io.stdout, 'drain');
        }
      }
      if (read > 0 || stopping || shown >= limit) continue;
      await new Promise((next) => setTimeout(next, POLL_MS));
      if (open.length < config.bus.log.partitions) {
        await closeAll(open);
        open = await openTopic(config, topic);
      }
    }
    await closeAll(open);
    return 0;
  },
};
