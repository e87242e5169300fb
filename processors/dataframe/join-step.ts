import type { ChannelHow, Input, JoinStep } from '../plan.js';
import { CHANNEL_HOWS, JOIN_HOWS } from '../plan.js';
import { Arguments, type Duration } from './arguments.js';
import type { NameOf } from './columns.js';

/** What all joins take; the defaults are those of the YAML. */
interface CommonOptions<P extends string, T extends string> {
  /** How long a row may wait for the other side. Default: 5 s. */
  wait?: Duration;
  /** `inner` drops rows without a match, `left` keeps them, with nulls. Default: `inner`. */
  keep?: 'inner' | 'left';
  /** Put before the names of the joined columns; needed where one exists already. */
  prefix?: P;
  /** A column for the time of the row that was met, in microseconds. */
  time?: T;
  /**
   * Whether a row of the other side that comes too late is only counted, or rows that have left come again, or it goes to
   * the second output of the processor, `processor('NAME.late')`.
   */
  late?: 'count' | 'correct' | 'stream';
}

/** How a row meets one of the other stream, or what lies between two of them. */
export interface JoinOptions<P extends string = string, T extends string = string, R = unknown>
  extends CommonOptions<P, T> {
  /** Default: `backward`. */
  how?: Exclude<JoinStep['how'], 'interval'>;
  /** Columns of the other side that are met in another way than `how`; names without the prefix. */
  channels?: { readonly [N in NameOf<R>]?: ChannelHow };
  /** A row further away than this is no match. Default: any distance is good. */
  tolerance?: Duration;
  /** Two rows further apart than this have no line or arc between them. Default: any gap. */
  maxGap?: Duration;
}

/** How a row meets every row of the other stream in a span of time. */
export interface IntervalOptions<P extends string = string, T extends string = string> extends CommonOptions<P, T> {
  /** The span around the row, such as `['-2s', '500ms']`; a minus stands for before. */
  between: readonly [from: Duration, to: Duration];
}

const COMMON = ['wait', 'keep', 'prefix', 'time', 'late'];
const HOWS = JOIN_HOWS.filter((how) => how !== 'interval');

export function joinStep(right: Input, given: unknown): JoinStep {
  const args = new Arguments('joinAsOf');
  const options = args.options(given, ['how', 'channels', 'tolerance', 'maxGap', ...COMMON]);
  const step: JoinStep = {
    ...common(args, right, options),
    how: args.choice(options.how, 'how', HOWS, 'backward'),
    toleranceUs: args.durationUsOr(options.tolerance, 'tolerance', null),
  };
  if (options.channels !== undefined) {
    const channels = Object.entries(args.object(options.channels, "channels such as { heading: 'angle' }"));
    step.channels = Object.fromEntries(
      channels.map(([name, how]) => [name, args.choice(how, `channels.${name}`, CHANNEL_HOWS, 'linear')]),
    );
  }
  if (options.maxGap !== undefined) step.maxGapUs = args.durationUs(options.maxGap, 'maxGap');
  return step;
}

export function intervalStep(right: Input, given: unknown): JoinStep {
  const args = new Arguments('joinInterval');
  const options = args.options(given, ['between', ...COMMON]);
  const { between } = options;
  if (!Array.isArray(between) || between.length !== 2) {
    args.fail("between takes two durations, the earlier one first, such as ['-2s', '500ms']");
  }
  const [fromUs, toUs] = (between as unknown[]).map((each) => args.signedDurationUs(each, 'between'));
  return {
    ...common(args, right, options),
    how: 'interval',
    toleranceUs: null,
    between: { fromUs: fromUs!, toUs: toUs! },
  };
}

/** Options that are not given are left out, as in the plans of the YAML. */
function common(
  args: Arguments,
  right: Input,
  options: Readonly<Record<string, unknown>>,
): Omit<JoinStep, 'how' | 'toleranceUs'> {
  const step: Omit<JoinStep, 'how' | 'toleranceUs'> = {
    verb: 'join',
    with: right,
    waitUs: args.durationUsOr(options.wait, 'wait', 5_000_000),
    keep: args.choice(options.keep, 'keep', ['inner', 'left'], 'inner'),
    prefix: args.text(options.prefix, 'prefix', ''),
  };
  if (options.time !== undefined) step.time = args.text(options.time, 'time');
  const late = args.choice(options.late, 'late', ['count', 'correct', 'stream'], 'count');
  if (late !== 'count') step.late = late;
  return step;
}
