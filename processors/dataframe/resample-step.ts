import type { ResampleHow, ResampleStep } from '../plan.js';
import { Arguments, type Duration } from './arguments.js';
import type { NameOf } from './columns.js';

export interface ResampleOptions<C> {
  /** Rows stand at multiples of it since 1970. */
  every: Duration;
  /** A line between the two neighbours, the row before, degrees by the shortest way round, or the closer row. */
  how?: ResampleHow;
  /** Between two rows further apart than this no row is made. Default: any distance. */
  maxGap?: Duration;
  /** Columns whose values are found in another way. */
  channels?: { readonly [N in NameOf<C>]?: ResampleHow };
}

const HOWS = ['linear', 'step', 'angle', 'nearest'] as const;

export function resampleStep(given: unknown): ResampleStep {
  const args = new Arguments('resample');
  const options = args.options(given, ['every', 'how', 'maxGap', 'channels']);
  const channels = Object.entries(args.object(options.channels ?? {}, "channels such as { heading: 'angle' }"));
  return {
    verb: 'resample',
    everyUs: args.durationUs(options.every, 'every', 1),
    how: args.choice(options.how, 'how', HOWS, 'linear'),
    maxGapUs: args.durationUsOr(options.maxGap, 'maxGap', null, 1),
    channels: Object.fromEntries(
      channels.map(([name, how]) => [name, args.choice(how, `channels.${name}`, HOWS, 'linear')]),
    ),
  };
}
