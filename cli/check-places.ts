import type { Config, SinkConfig } from '../pipeline/config/config.js';
import { folderFault } from '../pipeline/config/folder-fault.js';
import { type ClusterLook, lookAtBus, lookAtSink } from '../pipeline/kafka-cluster.js';
import type { S3SinkOptions } from '../sinks/s3/s3-sink-options.js';

/** Something outside that the configuration needs. */
export interface Place {
  name: string;
  isServer: boolean;
  /** Tries it, and changes nothing. Its texts hold no secrets. */
  look(): Promise<PlaceLook>;
}

export interface PlaceLook {
  /** What was found, where it can be used. */
  found: string;
  warnings: readonly string[];
  /** Why it cannot be used; none: it can. */
  faults: readonly string[];
}

export function busPlaces(config: Config): Place[] {
  const { log, kafka } = config.bus;
  if (!kafka) return [folder('bus.log', log.dir)];
  return [
    folder('bus.kafka.spool', log.dir),
    folder('bus.kafka.state', kafka.stateDir),
    cluster('bus.kafka', () => lookAtBus(config, kafka)),
  ];
}

export function sinkPlace(sink: SinkConfig): Place {
  const name = `sinks.${sink.name}`;
  switch (sink.type) {
    case 'file':
      return folder(name, sink.options.path);
    case 'kafka':
      return cluster(name, () => lookAtSink(sink));
    case 's3':
      return bucket(name, sink.options);
  }
}

function folder(name: string, path: string): Place {
  return {
    name,
    isServer: false,
    async look() {
      const fault = await folderFault(path);
      return { found: 'the folder can be written', warnings: [], faults: fault === null ? [] : [fault] };
    },
  };
}

function bucket(name: string, options: S3SinkOptions): Place {
  return {
    name,
    isServer: true,
    async look() {
      const { lookAtBucket } = await import('../sinks/s3/look-at-bucket.js');
      return lookAtBucket(options);
    },
  };
}

function cluster(name: string, ask: () => Promise<ClusterLook>): Place {
  return {
    name,
    isServer: true,
    async look() {
      const { there, missing, warnings, faults } = await ask();
      const found = [
        'the cluster answers',
        ...(there.length > 0 ? [`topics there: ${there.join(', ')}`] : []),
        ...(missing.length > 0 ? [`to be made: ${missing.join(', ')}`] : []),
      ];
      return { found: found.join('; '), warnings, faults };
    },
  };
}
