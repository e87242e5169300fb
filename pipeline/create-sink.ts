import type { DeadLetterWriter, DeliveryOptions } from '../sinks/delivery/delivery-options.js';
import type { Pace } from '../sinks/delivery/pace.js';
import type { Store } from '../sinks/delivery/store.js';
import type { Feeder } from '../sinks/kafka/kafka-sink-options.js';
import type { Sink } from '../sinks/sink.js';
import type { SinkConfig } from './config/config.js';

/** What a sink gets from its branch. */
export interface SinkPlace {
  feeder: Feeder;
  /** A folder of its own on this machine, for what it has to remember. */
  stateFolder: string;
  letters: DeadLetterWriter;
  /** All that captures tags of the streams of devices that it takes: its own patterns, and those of declared streams. */
  patterns: readonly string[];
  /** Partitions of the bus in all, whoever feeds them. */
  partitions: number;
  /** Of the branch, whichever sink it has. */
  pace: Pace;
}

/** The sink of a branch, by its type, whose code is loaded only now. */
export async function createSink(config: SinkConfig, place: SinkPlace): Promise<Sink> {
  const { name } = config;
  switch (config.type) {
    case 'file': {
      const { FileSink } = await import('../sinks/file/file-sink.js');
      return new FileSink(name, config.options);
    }
    case 'influxdb': {
      const { InfluxdbStore } = await import('../sinks/influxdb/influxdb-store.js');
      return deliveringTo(name, new InfluxdbStore(config.options, place.patterns), config.delivery!, place);
    }
    case 'kafka': {
      const { KafkaSink } = await import('../sinks/kafka/kafka-sink.js');
      return new KafkaSink(name, { ...config.options, feeder: place.feeder });
    }
    case 'mongodb': {
      const { makeStore } = await import('../sinks/mongodb/make-store.js');
      return deliveringTo(name, makeStore(config.options), config.delivery!, place);
    }
    case 'http': {
      const { HttpStore } = await import('../sinks/http/http-store.js');
      return deliveringTo(name, new HttpStore(config.options), config.delivery!, place);
    }
    case 'console': {
      const { ConsoleSink } = await import('../sinks/console/console-sink.js');
      const { JournalKeeper } = await import('../sinks/delivery/journal-keeper.js');
      return new ConsoleSink(name, new JournalKeeper(place.stateFolder));
    }
    case 'module': {
      const { makeFromModule, isStore } = await import('./sink-module.js');
      const made = await makeFromModule(name, config.options, place.stateFolder);
      return isStore(made) ? deliveringTo(name, made, config.delivery!, place) : made;
    }
    case 's3': {
      const { S3Sink } = await import('../sinks/s3/s3-sink.js');
      return new S3Sink(name, config.options, place);
    }
  }
}

/** A store of requests, with the machinery that writes to it. */
export async function deliveringTo<Request>(
  name: string,
  store: Store<Request>,
  delivery: DeliveryOptions,
  { stateFolder, letters, pace }: SinkPlace,
): Promise<Sink> {
  const { DeliverySink } = await import('../sinks/delivery/delivery-sink.js');
  const { JournalKeeper } = await import('../sinks/delivery/journal-keeper.js');
  return new DeliverySink(name, store, new JournalKeeper(stateFolder), delivery, letters, pace);
}
