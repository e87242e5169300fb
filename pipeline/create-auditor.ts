import type { Auditor } from '../sinks/auditor.js';
import type { SinkConfig } from './config/config.js';

/** Asks the store of a branch; null where it cannot be asked. `patterns` are those that give its streams their tags. */
export async function createAuditor(config: SinkConfig, patterns: readonly string[]): Promise<Auditor | null> {
  switch (config.type) {
    case 'file': {
      const { FileAuditor } = await import('../sinks/file/file-auditor.js');
      return new FileAuditor(config.options);
    }
    case 'influxdb': {
      const { target, precision } = config.options;
      if (target.version === 3 || precision === 'ms' || precision === 's') return null;
      const { InfluxdbAuditor } = await import('../sinks/influxdb/influxdb-auditor.js');
      return new InfluxdbAuditor(config.options, patterns);
    }
    case 'mongodb': {
      const { mode } = config.options;
      if (mode === 'upsert' || mode === 'bucket') return null;
      const { MongodbAuditor } = await import('../sinks/mongodb/mongodb-auditor.js');
      return new MongodbAuditor(config.options);
    }
    default:
      return null;
  }
}
