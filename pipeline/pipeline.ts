import { PitwallError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import type { Address, Config } from './config/config.js';

/** What a process does: everything, or one half of it, where Kafka is between them. */
export type Role = 'all' | 'gateway' | 'process';

export interface PipelineOptions {
  role?: Role;
  /** Where a process of role `process` shows `/health` and `/metrics`, instead of `gateway.http`; null = nowhere. */
  http?: Address | null;
}

/**
 * A running process. Started in the order of the flow's end to its beginning, so that nothing is accepted before it can
 * be kept; stopped from its beginning to its end, so that what was accepted reaches the stores.
 */
export class Pipeline {
  private constructor(
    /** `mqtt=HOST:PORT http=HOST:PORT`, as bound. */
    readonly addresses: Record<string, string>,
    private readonly closers: (() => Promise<void>)[],
  ) {}

  static async start(config: Config, logger: Logger, options: PipelineOptions = {}): Promise<Pipeline> {
    const { role = 'all' } = options;
    const closers: (() => Promise<void>)[] = [];
    try {
      if (!config.bus.kafka && role !== 'all') throw needsKafka(role);
      return new Pipeline(await startFlow(config, logger, { role, http: options.http }, closers), closers);
    } catch (error) {
      for (const close of closers.reverse()) await close().catch(() => {});
      throw error;
    }
  }

  /** Accepted data becomes durable, branches flush, positions are kept. */
  async stop(): Promise<void> {
    const faults: unknown[] = [];
    for (const close of [...this.closers].reverse()) await close().catch((fault: unknown) => faults.push(fault));
    if (faults.length > 0) throw faults[0];
  }
}

/** What the other bus takes is not even loaded. */
async function startFlow(
  config: Config,
  logger: Logger,
  options: { role: Role; http: Address | null | undefined },
  closers: (() => Promise<void>)[],
): Promise<Record<string, string>> {
  if (config.bus.kafka) {
    const { startKafka } = await import('./kafka-flow.js');
    return startKafka(config, config.bus.kafka, logger, options, closers);
  }
  const { startEmbedded } = await import('./embedded-flow.js');
  return startEmbedded(config, logger, closers);
}

function needsKafka(role: Role): PitwallError {
  return new PitwallError(
    'bad-usage',
    `--role ${role} needs Kafka between the roles; add bus.kafka to the configuration, or run --role all`,
    { stage: 'command' },
  );
}
