import type { Auditor } from '../sinks/auditor.js';
import type { SinkConfig } from './config/config.js';

/** Asks the store of a branch; null where it cannot be asked. */
export async function createAuditor(config: SinkConfig): Promise<Auditor | null> {
  switch (config.type) {
    case 'file': {
      const { FileAuditor } = await import('../sinks/file/file-auditor.js');
      return new FileAuditor(config.options);
    }
    default:
      return null;
  }
}
