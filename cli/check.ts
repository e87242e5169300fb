import { PitwallError } from '../core/errors.js';
import { formatBytes } from '../core/units.js';
import type { KafkaConnection } from '../kafka/kafka-connection.js';
import type { Config, SinkConfig } from '../pipeline/config/config.js';
import { folderFault } from '../pipeline/config/folder-fault.js';
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
--connect tries the folders and servers of the bus and of the sinks, and writes nothing (exit code 1 on failure).`,
  async run(args, io) {
    const { file, config } = readChecked(args, io);
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

/** Something outside that the configuration needs. */
interface Place {
  name: string;
  isServer: boolean;
  /** Why it cannot be used, without secrets, or null. */
  fault(): Promise<string | null>;
}

function busPlaces({ bus: { log, kafka } }: Config): Place[] {
  if (!kafka) return [folder('bus.log', log.dir)];
  return [
    folder('bus.kafka.spool', log.dir),
    folder('bus.kafka.state', kafka.stateDir),
    kafkaCluster('bus.kafka', kafka.connection),
  ];
}

function sinkPlace(sink: SinkConfig): Place {
  const name = `sinks.${sink.name}`;
  return sink.type === 'file' ? folder(name, sink.path) : kafkaCluster(name, sink.connection);
}

function folder(name: string, path: string): Place {
  return { name, isServer: false, fault: () => folderFault(path) };
}

function kafkaCluster(name: string, _connection: KafkaConnection): Place {
  return { name, isServer: true, fault: async () => 'this version does not try whether Kafka can be reached' };
}

async function tryAll(places: readonly Place[], io: Io): Promise<string[]> {
  const faults: string[] = [];
  for (const { name, isServer, fault } of places) {
    const why = await fault();
    if (why !== null) faults.push(`${name}: ${why}`);
    else io.stdout.write(`  ${name}: ${isServer ? 'the server answers' : 'the folder can be written'}\n`);
  }
  return faults;
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
      config.sinks.map((sink) => `${sink.name} (${sink.type} ${sink.format})`),
    ),
  ].join('');
}
