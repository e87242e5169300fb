import { PitwallError } from '../../core/errors.js';
import { kafkaFault, typeOf } from '../../kafka/kafka-fault.js';
import { sinkFailed } from '../sink-failed.js';

/**
 * What a broker says of a producer that is not the last one with its transactional id, or whose transaction was open for
 * too long. Opening anew reads what was committed and goes on there.
 */
const FENCED = ['INVALID_PRODUCER_EPOCH', 'INVALID_TXN_STATE', 'INVALID_PRODUCER_ID_MAPPING', 'PRODUCER_FENCED'];
/** kafkajs does not know the name of this one. */
const FENCED_CODE = 90;

const ADVICE: Record<string, [text: string, retryable: boolean]> = {
  INVALID_TRANSACTION_TIMEOUT: ['the brokers allow shorter transactions only (transaction.max.timeout.ms)', false],
};

/** Any error of this sink as a PitwallError `sink-failed`. */
export function kafkaSinkFault(sink: string, doing: string, error: unknown): PitwallError {
  const who = `kafka sink "${sink}"`;
  if (error instanceof PitwallError) {
    if (error.code === 'sink-failed' || error.code === 'internal') return error;
    return sinkFailed(`${who}: ${error.message}`, error.retryable, error);
  }
  const type = typeOf(error) ?? '';
  if (FENCED.includes(type) || (error as { code?: unknown })?.code === FENCED_CODE) {
    const why = 'another process has taken over what it writes, or its transaction took too long';
    return sinkFailed(
      `${who} failed while ${doing}: ${why}; nothing of it was committed, and it is opened anew`,
      true,
      error,
    );
  }
  const advice = ADVICE[type];
  if (advice) return sinkFailed(`${who} failed while ${doing}: ${advice[0]}`, advice[1], error);
  const { message, retryable, cause } = kafkaFault(error, doing, 'sink-failed');
  return sinkFailed(`${who}: ${message}`, retryable, cause);
}
