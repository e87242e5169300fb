import type { Input, JoinStep } from '../plan.js';
import { Arguments, type Duration } from './arguments.js';

/** How a row meets one of the other stream; the defaults are those of the YAML. */
export interface JoinOptions<P extends string = string> {
  /** Which row of the other side is taken, or what lies between two of them. Default: `backward`. */
  how?: 'backward' | 'nearest' | 'linear';
  /** A row further away than this is no match. Default: any distance is good. */
  tolerance?: Duration;
  /** How long a row may wait for the other side. Default: 5 s. */
  wait?: Duration;
  /** `inner` drops rows without a match, `left` keeps them, with nulls. Default: `inner`. */
  keep?: 'inner' | 'left';
  /** Put before the names of the joined columns; needed where one exists already. */
  prefix?: P;
}

export function joinStep(right: Input, given: unknown): JoinStep {
  const args = new Arguments('joinAsOf');
  const options = args.options(given, ['how', 'tolerance', 'wait', 'keep', 'prefix']);
  return {
    verb: 'join',
    with: right,
    how: args.choice(options.how, 'how', ['backward', 'nearest', 'linear'], 'backward'),
    toleranceUs: args.durationUsOr(options.tolerance, 'tolerance', null),
    waitUs: args.durationUsOr(options.wait, 'wait', 5_000_000),
    keep: args.choice(options.keep, 'keep', ['inner', 'left'], 'inner'),
    prefix: args.text(options.prefix, 'prefix', ''),
  };
}
