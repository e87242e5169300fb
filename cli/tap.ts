import { once } from 'node:events';
import type { BusReader } from '../bus/bus.js';
import type { Mark } from '../bus/deduplicate.js';
import { rowToJson } from '../columnar/row-json.js';
import { PitwallError } from '../core/errors.js';
import { patternFault, StreamPattern } from '../core/stream-pattern.js';
import { closeAll, openTopic, topicOf } from '../pipeline/bus-reader.js';
import type { Config } from '../pipeline/config/config.js';
import { loadConfig } from '../pipeline/config/load-config.js';
import { FreshRecords } from '../pipeline/lanes/fresh-records.js';
import { unpack } from '../schemas/data-block.js';
import { CONFIG_OPTION, type Command, usageError } from './command.js';

const READ_BYTES = 1024 * 1024;
const POLL_MS = 50;
/** How often to look for logs and topics that have come. */
const REOPEN_MS = 1_000;

/** Where a partition is read, and which of its rows have been shown. */
interface Place {
  offset: number;
  bus: BusReader;
  fresh: FreshRecords;
}

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

    const config = await loadConfig(values.config as string, io.env);
    const pattern = new StreamPattern(stream);
    const topic = topicOf(config, stream);
    let open = await openTopic(config, topic);
    // Only Kafka may have a record twice.
    const fresh = (bus: BusReader, marks: Iterable<Mark> = []) =>
      new FreshRecords(bus, marks, config.bus.kafka !== null);
    const places = new Map<string, Place>();
    for (const { bus, topic: from, partition } of open) {
      const offset = values.from === 'now' ? await bus.end(from, partition) : await bus.start(from, partition);
      places.set(`${from}/${partition}`, { offset, bus, fresh: fresh(bus) });
    }

    let stopping = false;
    const stop = () => {
      stopping = true;
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
    io.stdout.once('close', stop);
    let shown = 0;
    let openedMs = performance.now();
    while (!stopping && shown < limit) {
      let read = 0;
      for (const { bus, topic: from, partition } of open) {
        const name = `${from}/${partition}`;
        const place = places.get(name) ?? { offset: 0, bus, fresh: fresh(bus) };
        places.set(name, place);
        if (place.bus !== bus) Object.assign(place, { bus, fresh: fresh(bus, place.fresh.marks) });
        const run = await bus.read(from, partition, place.offset, READ_BYTES);
        place.offset = run.next;
        read += run.records.length;
        for (const record of run.records) {
          const isNew = place.fresh.isNew(record);
          if (!isNew || record.kind !== 'data' || !pattern.matches(record.stream) || shown >= limit) continue;
          const rows = readable(() => place.fresh.rows(record));
          if (rows === null) continue;
          const batch = unpack([rows.packed], record.stream, rows.schema);
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
      if (performance.now() - openedMs >= REOPEN_MS && mayGrow(config, open.length)) {
        await closeAll(open);
        open = await openTopic(config, topic);
        openedMs = performance.now();
      }
    }
    await closeAll(open);
    return 0;
  },
};

/** Not every partition is there, or there may be further topics. */
function mayGrow({ bus }: Config, open: number): boolean {
  return open < bus.log.partitions || (bus.kafka?.topic.includes('{') ?? false);
}

/** A record that cannot be read is a dead letter; there is nothing to show of it. */
function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof PitwallError) return null;
    throw error;
  }
}
