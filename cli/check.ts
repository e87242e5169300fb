import { PitwallError } from '../core/errors.js';
import { formatBytes } from '../core/units.js';
import type { Config } from '../pipeline/config/config.js';
import { busPlaces, type Place, sinkPlace } from './check-places.js';
import { CONFIG_OPTION, type Command, type Io } from './command.js';
import { readChecked } from './read-checked.js';

export const command: Command = {
  name: 'check',
  summary: 'check the configuration',
  usage: '[-c FILE] [--connect]',
  options: {
    config: CONFIG_OPTION,
    connect: {
      type: 'boolean',
      doc: 'also try the bus and each sink: whether folders can be written, servers reached',
    },
  },
  help: `Prints what the file says in a few lines, or all its problems as FILE:LINE:COLUMN: WHAT (exit code 78).
--connect tries the folders and servers of the bus and of the sinks, and writes nothing (exit code 1 on failure): of
Kafka, whether it answers, which topics are there or would be made, and which rights are missing.`,
  async run(args, io) {
    const { file, config } = await readChecked(args, io);
    io.stdout.write(summary(file, config));
    if (!args.values.connect) return 0;
    const ofBus = busPlaces(config);
    const ofSinks = config.sinks.map(sinkPlace);
    if (![...ofBus, ...ofSinks].some((place) => place.isServer)) {
      io.stdout.write('  no servers to reach: the bus is embedded and all sinks write files\n');
    }
    const busFaults = await tryAll(ofBus, io);
    const faults = [...busFaults, ...(await tryAll(ofSinks, io))];
    if (faults.length === 0) return 0;
    throw new PitwallError(busFaults.length > 0 ? 'bus-failed' : 'sink-failed', faults.join('; '), {
      stage: 'command',
    });
  },
};

async function tryAll(places: readonly Place[], io: Io): Promise<string[]> {
  const all: string[] = [];
  for (const { name, look } of places) {
    const { found, warnings, faults } = await look();
    for (const warning of warnings) io.stderr.write(`warning: ${name}: ${warning}\n`);
    if (faults.length === 0) io.stdout.write(`  ${name}: ${found}\n`);
    all.push(...faults.map((fault) => `${name}: ${fault}`));
  }
  return all;
}

/** Never a secret: of a connection, its brokers, and how names are proved. */
function busSummary({ log, kafka }: Config['bus']): string {
  const size = formatBytes(log.sizeBytes);
  if (!kafka) return `embedded log, ${log.partitions} partitions, up to ${size}`;
  const { brokers, tls, sasl } = kafka.connection;
  const how = [tls ? 'tls' : null, sasl ? `sasl ${sasl.mechanism}` : null].filter((text) => text !== null);
  const where = `Kafka at ${brokers.join(', ')}${how.length > 0 ? ` (${how.join(', ')})` : ''}`;
  return `${where}; topic ${kafka.topic}, group ${kafka.group}, ${log.partitions} partitions; spool up to ${size}`;
}

function summary(file: string, config: Config): string {
  const { gateway, bus } = config;
  const listens = [
    gateway.mqtt ? `MQTT on ${gateway.mqtt.host}:${gateway.mqtt.port}` : null,
    gateway.http ? `HTTP on ${gateway.http.host}:${gateway.http.port}` : null,
  ].filter((text) => text !== null);
  const names = (word: string, list: string[]) => `  ${word}: ${list.length > 0 ? list.join(', ') : 'none'}\n`;
  return [
    `${file} is valid\n`,
    `  gateway: ${listens.join(', ') || 'listens nowhere'}; memory ${formatBytes(gateway.memoryBytes)}\n`,
    `  bus: ${busSummary(bus)}\n`,
    names(
      'streams',
      config.streams.map((stream) => stream.pattern.text),
    ),
    names(
      'processors',
      config.processors.map((processor) => processor.plan.name),
    ),
    names(
      'sinks',
      config.sinks.map((sink) => `${sink.name} (${kindOf(sink)})`),
    ),
  ].join('');
}

function kindOf({ type, options }: Config['sinks'][number]): string {
  return 'format' in options ? `${type} ${options.format}` : type;
}
