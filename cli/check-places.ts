import type { Config, SinkConfig } from '../pipeline/config/config.js';
import { folderFault } from '../pipeline/config/folder-fault.js';
import { type ClusterLook, lookAtBus, lookAtSink } from '../pipeline/kafka-cluster.js';
import type { StoreLook } from '../sinks/store-look.js';

const CONNECT_TIMEOUT_MS = 10_000;

/** Something outside that the configuration needs. */
export interface Place {
  name: string;
  isServer: boolean;
  /** Tries it, and changes nothing. Its texts hold no secrets. */
  look(): Promise<StoreLook>;
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
    case 'influxdb':
      return server(name, async () =>
        (await import('../sinks/influxdb/look-at-influxdb.js')).lookAtInfluxdb(sink.options, CONNECT_TIMEOUT_MS),
      );
    case 'kafka':
      return cluster(name, () => lookAtSink(sink));
    case 'mongodb':
      return server(name, async () =>
        (await import('../sinks/mongodb/look-at-mongodb.js')).lookAtMongodb(sink.options),
      );
    case 's3':
      return server(name, async () => (await import('../sinks/s3/look-at-s3.js')).lookAtS3(sink.options));
    case 'http':
      return server(name, async () =>
        (await import('../sinks/http/look-at-http.js')).lookAtHttp(sink.options, sink.delivery!.timeoutMs),
      );
    case 'console':
      return { name, isServer: false, look: async () => ({ found: 'standard output', warnings: [], faults: [] }) };
    case 'module':
      return server(name, async () =>
        (await import('../pipeline/sink-module.js')).lookAtModule(sink.name, sink.options, sink.delivery!.timeoutMs),
      );
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

function server(name: string, look: Place['look']): Place {
  return { name, isServer: true, look };
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
