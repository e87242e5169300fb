import type { RetryOptions } from '../../../core/retry.js';
import type { DeliveryOptions, OnRefused } from '../../../sinks/delivery/delivery-options.js';
import { oneOrList, section } from '../spec/collections.js';
import { choice, duration, integer, size, text } from '../spec/scalars.js';
import type { ValueOf } from '../spec/spec.js';

/** Keys of every sink. */
export const commonKeys = {
  from: {
    spec: oneOrList(text('a stream pattern or a processor')),
    required: true,
    example: '"#"',
    doc: 'Stream patterns and names of processors; `"#"` (quoted) is every stream of the devices',
  },
  retry: section(
    {
      first: { spec: duration(1e3, '1ms'), default: '500ms', doc: 'The wait after the first failure, at most' },
      max: { spec: duration(1e3, '1ms'), default: '30s', doc: 'The longest wait; a store may ask for more' },
    },
    'How soon a branch whose store failed tries again: each wait is up to twice as long as the one before, and it never gives up',
  ),
} as const;

/** Keys of sinks whose rows are flushed: files, and Kafka with its transactions. */
export const flushedKeys = {
  ...commonKeys,
  onError: {
    spec: choice({ stop: true, 'dead-letter': false, skip: false }),
    default: 'stop',
    doc: 'What happens when rows cannot be written: the branch stops at its position, and says so',
  },
  batch: section(
    {
      rows: { spec: integer(1, 1e9), default: 1_000_000, doc: 'Rows are made durable when there are so many' },
      every: { spec: duration(1e3, '1ms'), default: '250ms', doc: 'or when the first has waited for so long' },
    },
    'How many rows are made durable at once',
  ),
  inFlight: { spec: integer(1, 1), default: 1, doc: 'One write follows the other' },
} as const;

/** Keys of sinks that send requests to a store. */
export const deliveryKeys = {
  ...commonKeys,
  onError: {
    spec: choice({ stop: true, 'dead-letter': true, skip: true }),
    default: 'stop',
    doc: "What happens to rows that the store refuses: the branch stops at them and says so, or they go to the dead letters with the store's words, or are left out; both are counted",
  },
  batch: section(
    {
      rows: { spec: integer(1, 1e7), default: 10_000, doc: 'A request is sent when it has so many rows' },
      bytes: { spec: size(1, '1B'), default: '4MiB', doc: 'or so many bytes' },
      every: { spec: duration(1e3, '1ms'), default: '1s', doc: 'or when its first row has waited for so long' },
    },
    'How many rows are written at once',
  ),
  inFlight: { spec: integer(1, 64), default: 4, doc: 'How many requests are under way at the same time' },
  timeout: {
    spec: duration(1e3, '1ms'),
    default: '30s',
    doc: 'A request that is not answered within this time has failed, and is tried again',
  },
} as const;

/** What the scheduler and the lane of a branch need to know, whatever its sink. */
export interface BranchConfig {
  retry: RetryOptions;
  /** How often what was written is made durable. */
  flush: { rows: number; everyMs: number };
  /** Null: the sink writes in its own way. */
  delivery: DeliveryOptions | null;
}

const LEAST_RETRY_MS = 200;

function retryOptions({ first, max }: ValueOf<typeof commonKeys>['retry']): RetryOptions {
  const [firstMs, maxMs] = [first / 1000, max / 1000];
  return { firstMs, maxMs, minMs: Math.min(LEAST_RETRY_MS, firstMs, maxMs) };
}

export function flushedBranch({ retry, batch }: ValueOf<typeof flushedKeys>): BranchConfig {
  return { retry: retryOptions(retry), flush: { rows: batch.rows, everyMs: batch.every / 1000 }, delivery: null };
}

/** The sink itself sends when a batch is full or old: what is flushed is the position. */
const FLUSH_POSITIONS = { rows: 1_000_000, everyMs: 250 };

export function deliveredBranch(keys: ValueOf<typeof deliveryKeys>): BranchConfig {
  const { retry, batch, inFlight, timeout, onError } = keys;
  const { rows, bytes, every } = batch;
  const delivery: DeliveryOptions = {
    batch: { rows, bytes, everyMs: every / 1000 },
    inFlight,
    timeoutMs: timeout / 1000,
    onError: onError as OnRefused,
  };
  const everyMs = Math.min(FLUSH_POSITIONS.everyMs, delivery.batch.everyMs);
  return { retry: retryOptions(retry), flush: { ...FLUSH_POSITIONS, everyMs }, delivery };
}
