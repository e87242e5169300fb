import type { WindowKind, WindowStep } from '../plan.js';
import { Arguments, type Duration } from './arguments.js';
import type { Expression } from './expression.js';

/** The kinds of windows, of which a step has one. */
interface WindowKinds<C> {
  /** Windows of this length, one after the other, counted from 1970. */
  tumbling: Duration;
  /** Windows that overlap: how long each is, and how far apart they start. */
  hopping: { size: Duration; step: Duration };
  /** For each time of a row, the window of this length that ends there. */
  sliding: Duration;
  /** Rows less than this apart are one window. */
  session: Duration;
  /** So many rows are one window, in the order they come. */
  rows: number;
  /** A new window whenever the value of this expression changes. */
  cut: string | Expression<C>;
}

interface CommonOptions {
  /** How long, in event time, a window of time waits for rows that come out of order. Default: 0. */
  grace?: Duration;
  /** When the stream stops, how long after its end a window is given as it stands. Default: 5 s. */
  idle?: Duration;
  /** Whether a window is given when it closes, or with each row that changes it. Default: `close`. */
  emit?: 'close' | 'update';
}

/** An object with one of the keys of `T`. */
type OneOf<T> = { [K in keyof T]: Pick<T, K> & { [Other in Exclude<keyof T, K>]?: never } }[keyof T];

/** Exactly one kind of window, with options; the defaults are those of the YAML. */
export type WindowOptions<C> = OneOf<WindowKinds<C>> & CommonOptions;

const KINDS = ['tumbling', 'hopping', 'sliding', 'session', 'rows', 'cut'] as const;

/** What `window` says, before the aggregates are known. */
export function windowOptions(given: unknown): Omit<WindowStep, 'aggregate'> {
  const args = new Arguments('window');
  if (given === undefined) args.fail(`takes one of ${KINDS.join(', ')}, as in { tumbling: '1s' }`);
  const options = args.options(given, [...KINDS, 'grace', 'idle', 'emit']);
  const kinds = KINDS.filter((kind) => options[kind] !== undefined);
  if (kinds.length !== 1) {
    const what = kinds.length === 0 ? 'has no kind' : `has ${kinds.length} kinds (${kinds.join(', ')})`;
    args.fail(`the window ${what}; give one of ${KINDS.join(', ')}`);
  }
  return {
    verb: 'window',
    kind: windowKind(args, kinds[0]!, options[kinds[0]!]),
    graceUs: args.durationUsOr(options.grace, 'grace', 0),
    idleUs: args.durationUsOr(options.idle, 'idle', 5_000_000, 1),
    emit: args.choice(options.emit, 'emit', ['close', 'update'], 'close'),
  };
}

function windowKind(args: Arguments, kind: (typeof KINDS)[number], value: unknown): WindowKind {
  switch (kind) {
    case 'tumbling':
      return { tumblingUs: args.durationUs(value, kind, 1) };
    case 'sliding':
      return { slidingUs: args.durationUs(value, kind, 1) };
    case 'session':
      return { sessionUs: args.durationUs(value, kind, 1) };
    case 'rows':
      return { rows: args.wholeNumber(value, kind, 1) };
    case 'cut':
      return { cut: args.expression(value, "col('lap')") };
    case 'hopping': {
      const { size, step } = args.object(value, "hopping: { size: '10s', step: '1s' }");
      return {
        hopping: {
          sizeUs: args.durationUs(size, 'hopping.size', 1),
          stepUs: args.durationUs(step, 'hopping.step', 1),
        },
      };
    }
  }
}
