import { Logger } from '../core/logger.js';
import { loadConfig } from '../pipeline/config/load-config.js';
import { Pipeline } from '../pipeline/pipeline.js';
import { CONFIG_OPTION, type Command, usageError } from './command.js';

export const command: Command = {
  name: 'run',
  summary: 'run the gateway, the processors and the branches until SIGTERM or SIGINT',
  usage: '[-c FILE] [--role all]',
  options: {
    config: CONFIG_OPTION,
    role: { type: 'string', default: 'all', value: 'ROLE', doc: 'what this process does; this version knows only all' },
    verbose: { type: 'boolean', doc: 'more log lines' },
  },
  help: `Prints one line "ready mqtt=HOST:PORT http=HOST:PORT" on stdout when devices may connect; everything else goes
to stderr. SIGTERM and SIGINT drain: accepted data is durable, branches flush, positions are kept. A second signal ends at once.`,
  async run({ values }, io) {
    if (values.role === 'gateway' || values.role === 'process') {
      throw usageError(`--role ${values.role} needs the Kafka bus, which is not part of this version; use --role all`);
    }
    if (values.role !== 'all') throw usageError(`--role ${values.role} is unknown; this version knows: all`);
    const config = loadConfig(values.config as string, io.env);
    const logger = new Logger(values.verbose ? 'debug' : 'info', (line) => io.stderr.write(line));
    for (const warning of config.warnings) io.stderr.write(`${warning}\n`);
    const stopped = new Promise<string>((resolve) => {
      process.once('SIGTERM', resolve);
      process.once('SIGINT', resolve);
    });
    const pipeline = await Pipeline.start(config, logger);
    const addresses = Object.entries(pipeline.addresses).map(([name, address]) => `${name}=${address}`);
    io.stdout.write(`ready ${addresses.join(' ')}\n`);
    const signal = await stopped;
    logger.info(`${signal}: draining; a second signal ends at once`);
    for (const again of ['SIGTERM', 'SIGINT'] as const) process.once(again, () => process.exit(1));
    await pipeline.stop();
    logger.info('stopped');
    return 0;
  },
};
