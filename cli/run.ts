import { Logger } from '../core/logger.js';
import { loadConfig } from '../pipeline/config/load-config.js';
import { parseAddress } from '../pipeline/config/spec/scalars.js';
import { Pipeline, type PipelineOptions, type Role } from '../pipeline/pipeline.js';
import { CONFIG_OPTION, type Command, usageError } from './command.js';

const ROLES: readonly Role[] = ['all', 'gateway', 'process'];

export const command: Command = {
  name: 'run',
  summary: 'run the gateway, the processors and the branches until SIGTERM or SIGINT',
  usage: '[-c FILE] [--role all|gateway|process] [--http HOST:PORT]',
  options: {
    config: CONFIG_OPTION,
    role: {
      type: 'string',
      default: 'all',
      value: 'ROLE',
      doc: 'gateway: devices to Kafka; process: processors and branches; all: both',
    },
    http: {
      type: 'string',
      value: 'HOST:PORT',
      doc: 'with --role process: where it shows /health, /metrics and /state, instead of gateway.http; off: nowhere',
    },
    verbose: { type: 'boolean', doc: 'more log lines' },
  },
  help: `Prints one line "ready mqtt=HOST:PORT http=HOST:PORT" on stdout when devices may connect; everything else goes
to stderr. SIGTERM and SIGINT drain: accepted data is durable, branches flush, positions are kept. A second signal ends at once.`,
  async run({ values }, io) {
    const role = values.role as Role;
    if (!ROLES.includes(role)) throw usageError(`--role ${role} is unknown; a role is one of ${ROLES.join(', ')}`);
    const http = httpAddress(values.http as string | undefined, role);
    const config = await loadConfig(values.config as string, io.env);
    const logger = new Logger(values.verbose ? 'debug' : 'info', (line) => io.stderr.write(line));
    for (const warning of config.warnings) io.stderr.write(`${warning}\n`);
    const stopped = new Promise<string>((resolve) => {
      process.once('SIGTERM', resolve);
      process.once('SIGINT', resolve);
    });
    const pipeline = await Pipeline.start(config, logger, { role, http });
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

function httpAddress(text: string | undefined, role: Role): PipelineOptions['http'] {
  if (text === undefined) return undefined;
  if (role !== 'process') throw usageError('--http is for --role process; the others listen on gateway.http');
  if (text === 'off') return null;
  const address = parseAddress(text);
  if (!address) throw usageError(`--http takes HOST:PORT, for example 127.0.0.1:8081, or off, not "${text}"`);
  return address;
}
