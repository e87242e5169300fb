import type { LogEntry } from 'kafkajs';
import type { Logger } from '../core/logger.js';

/**
 * What kafkajs logs, on the debug level: whoever uses a client reports its faults once, in words of its own. Only the
 * message goes on; the entry's other fields hold whole requests.
 */
export function quietLogger(logger: Logger | undefined, { namespace, log }: LogEntry): void {
  logger?.debug(`kafkajs: ${log.message}`, { part: namespace });
}
