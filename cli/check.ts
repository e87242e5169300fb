import { PitwallError } from '../core/errors.js';
import { formatBytes } from '../core/units.js';
import type { Config } from '../pipeline/config/config.js';
import { folderFault } from '../pipeline/config/folder-fault.js';
import { CONFIG_OPTION, type Command, type Io } from './command.js';
import { readChecked } from './read-checked.js';

export const command: Command = {
  name: 'check',
  summary: 'check the configuration',
  usage: '[-c FILE] [--connect]',
  options: {
    config: CONFIG_OPTION,
    connect: { type: 'boolean', doc: 'also try whether the folders of the bus and of each sink can be written' },
  },
  help: `Prints what the file says in a few lines, or all its problems as FILE:LINE:COLUMN: WHAT (exit code 78).
The embedded bus and file sinks have no server to reach: --connect tries their folders (exit code 1 on failure).`,
  async run(args, io) {
    const { file, config } = readChecked(args, io);
    io.stdout.write(summary(file, config));
    if (!args.values.connect) return 0;
    io.stdout.write('  no servers to reach: the bus is embedded and all sinks write files\n');
    const busFault = await tryFolder('bus.log', config.bus.log.dir, io);
    const sinkFaults: string[] = [];
    for (const sink of config.sinks) sinkFaults.push(...(await tryFolder(`sinks.${sink.name}`, sink.path, io)));
    const faults = [...busFault, ...sinkFaults];
    if (faults.length === 0) return 0;
    throw new PitwallError(busFault.length > 0 ? 'bus-failed' : 'sink-failed', faults.join('; '), { stage: 'command' });
  },
};

async function tryFolder(name: string, path: string, io: Io): Promise<string[]> {
  const fault = await folderFault(path);
  if (fault !== null) return [`${name}: ${fault}`];
  io.stdout.write(`  ${name}: the folder can be written\n`);
  return [];
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
    `  bus: embedded log, ${bus.log.partitions} partitions, up to ${formatBytes(bus.log.sizeBytes)}\n`,
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
