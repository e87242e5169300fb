import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PitwallError } from '../core/errors.js';
import { suggestion } from '../core/suggest.js';
import { BranchFiles } from '../pipeline/branches/branch-files.js';
import { rewindPositions } from '../pipeline/branches/rewind-positions.js';
import { busFolders } from '../pipeline/build-lanes.js';
import type { Config, SinkConfig } from '../pipeline/config/config.js';
import { loadConfig } from '../pipeline/config/load-config.js';
import { busPoint } from '../pipeline/reprocess/bus-point.js';
import { CONFIG_OPTION, type Command, type Io, usageError } from './command.js';

const LOOK_MS = 100;

export const command: Command = {
  name: 'branch',
  summary: 'pause, resume or rewind one branch while the others go on',
  usage: 'list|pause|resume|rewind [NAME] [-c FILE] [--to start|OFFSET|TIME] [--wait SECONDS]',
  options: {
    config: CONFIG_OPTION,
    to: {
      type: 'string',
      value: 'start|OFFSET|TIME',
      doc: 'rewind: the first record kept, an offset, or when it was received',
    },
    wait: { type: 'string', value: 'SECONDS', default: '60', doc: 'how long to wait until it is done' },
  },
  positionals: true,
  help: `NAME is a sink of the configuration. It reaches the process on this machine that runs it, through files beside
the positions of the branch; where none runs, the command is carried out when one starts.
  pause   makes durable what the branch holds, and closes it; also after a restart, until it is resumed. The bus keeps
          what it has not read, and grows meanwhile
  resume  goes on where it was; also with a branch that has stopped at rows that its store refused
  rewind  feeds the store again from --to on; what it has is not stored twice. Not with files, S3 and Kafka, which keep
          their positions with their rows
  pitwall branch pause live
  pitwall branch rewind live --to 2024-05-01T12:00:00Z`,
  async run({ values, positionals }, io) {
    const [action, name] = positionals;
    if (action === undefined || !['list', 'pause', 'resume', 'rewind'].includes(action))
      throw usageError('branch takes an action: list, pause, resume or rewind');
    if ((action === 'list') !== (name === undefined) || positionals.length > 2)
      throw usageError(action === 'list' ? 'branch list takes no name' : `branch ${action} takes the name of one sink`);
    const waitMs = Number(values.wait) * 1000;
    if (!(waitMs >= 0)) throw usageError('--wait takes a number of seconds');
    const config = await loadConfig(values.config as string, io.env);
    if (action === 'list') return list(config, io);
    const sink = config.sinks.find((each) => each.name === name);
    if (!sink) {
      const names = config.sinks.map((each) => each.name);
      throw usageError(`there is no sink "${name}"${suggestion(name!, names, 'there are')}`);
    }
    const files = filesOf(config, sink);
    const id = randomUUID();
    if (action === 'rewind') {
      const point = typeof values.to === 'string' ? busPoint(values.to) : null;
      if (point === null)
        throw usageError('branch rewind takes --to: start, an offset, or a time such as 2024-05-01T12:00:00Z');
      if (sink.delivery === null)
        throw usageError(`a ${sink.type} sink keeps its positions with its rows and cannot go back`);
      files.wish = { id, do: 'rewind', to: await rewindPositions(config, sink, point) };
    } else {
      if (values.to !== undefined) throw usageError('--to goes with rewind');
      files.wish = { id, do: action === 'pause' ? 'pause' : 'resume' };
    }
    return answer(files, id, waitMs, `${name}: ${action}`, io);
  },
};

function filesOf(config: Config, { name }: SinkConfig): BranchFiles {
  return new BranchFiles(join(busFolders(config).branches, name));
}

function list(config: Config, io: Io): number {
  for (const sink of config.sinks) {
    const { paused } = filesOf(config, sink).state;
    io.stdout.write(`${sink.name}  ${sink.type}  ${paused ? 'paused' : 'runs with the process'}\n`);
  }
  return 0;
}

async function answer(files: BranchFiles, id: string, waitMs: number, what: string, io: Io): Promise<number> {
  const untilMs = performance.now() + waitMs;
  while (performance.now() < untilMs) {
    const { answered, error } = files.state;
    if (answered === id) {
      if (error !== null) throw new PitwallError('sink-failed', `${what} failed: ${error}`, { stage: 'command' });
      io.stdout.write(`${what}: done\n`);
      return 0;
    }
    await sleep(LOOK_MS);
  }
  io.stderr.write(`${what}: not done yet; a process that runs, or starts, will do it\n`);
  return 1;
}
