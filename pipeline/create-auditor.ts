import type { Auditor } from '../sinks/auditor.js';
import type { SinkConfig } from './config/config.js';

/** Why a store cannot be asked for its rows. */
export interface NoAuditor {
  reason: string;
}

/** Asks the store of a branch. `patterns` are those that give its streams their tags. */
export async function createAuditor(config: SinkConfig, patterns: readonly string[]): Promise<Auditor | NoAuditor> {
  switch (config.type) {
    case 'file': {
      const { FileAuditor } = await import('../sinks/file/file-auditor.js');
      return new FileAuditor(config.options);
    }
    case 'influxdb': {
      if (config.options.target.version === 3)
        return { reason: 'the audit does not speak the query language of InfluxDB 3' };
      const { InfluxdbAuditor } = await import('../sinks/influxdb/influxdb-auditor.js');
      return new InfluxdbAuditor(config.options, patterns);
    }
    case 'kafka': {
      const { KafkaAuditor } = await import('../sinks/kafka/kafka-auditor.js');
      return new KafkaAuditor(config.name, config.options);
    }
    case 'mongodb': {
      const { MongodbAuditor } = await import('../sinks/mongodb/mongodb-auditor.js');
      return new MongodbAuditor(config.options);
    }
    case 's3': {
      const { S3Auditor } = await import('../sinks/s3/s3-auditor.js');
      return new S3Auditor(config.options);
    }
    case 'module': {
      const { moduleAuditor } = await import('./module-auditor.js');
      return (await moduleAuditor(config.name, config.options)) ?? { reason: 'its module has no auditor' };
    }
    case 'http':
      return { reason: 'what the receiver of the requests does with the rows is not known' };
    case 'console':
      return { reason: 'what was printed is not kept' };
  }
}
