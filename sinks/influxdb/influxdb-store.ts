import type { Refuse, RefusedRow, RequestBuilder, Store } from '../delivery/store.js';
import { StoreFault } from '../delivery/store-fault.js';
import { outcomeOf } from './influxdb-answer.js';
import { InfluxdbClient } from './influxdb-client.js';
import { learnTypes } from './influxdb-queries.js';
import { type InfluxdbSinkOptions, placeText } from './influxdb-sink-options.js';
import { LineEncoders } from './line-encoders.js';
import { encodeAgain, type LineRequest, LineRequestBuilder, rowsOfLines } from './line-request.js';
import { LineTemplate } from './line-template.js';
import { toldStreams } from './told-streams.js';

const IN_FLIGHT_MAX = 64;

/**
 * InfluxDB 1, 2 or 3 as a store of lines. A point is found by its series and time, which follow from the row and its
 * offset, so a row that is sent again writes over itself.
 */
export class InfluxdbStore implements Store<LineRequest> {
  readonly what: string;
  /** With a unit of time in which rows write over one another, the last one has to come last. */
  readonly inFlightMax: number;
  private readonly client: InfluxdbClient;
  private readonly encoders: LineEncoders;
  private hasAskedTypes = false;

  /** `patterns` are all that give the streams of the branch their captures. */
  constructor(
    private readonly options: InfluxdbSinkOptions,
    patterns: readonly string[],
  ) {
    const { target, precision, gzip, measurement, integers } = options;
    this.what = placeText(target);
    this.inFlightMax = precision === 'ns' ? IN_FLIGHT_MAX : 1;
    this.client = new InfluxdbClient(target, precision, gzip);
    this.encoders = new LineEncoders(new LineTemplate(options, toldStreams(patterns, measurement)), integers);
  }

  async open(signal: AbortSignal): Promise<void> {
    await prove(this.client, this.options, signal);
    if (this.hasAskedTypes) return;
    await learnTypes(this.options.target, this.encoders.types, signal);
    this.hasAskedTypes = true;
  }

  builder(refuse: Refuse): RequestBuilder<LineRequest> {
    return new LineRequestBuilder(this.encoders, refuse);
  }

  /**
   * Where a field is of another type than the stored one, that type is learned and the rows are encoded once more, which
   * refuses those that it cannot hold. What is sent twice so changes nothing.
   */
  async send(first: LineRequest, signal: AbortSignal): Promise<readonly RefusedRow[]> {
    const { target } = this.options;
    const learned = new Set<string>();
    let request = first;
    while (request.count > 0) {
      const outcome = outcomeOf(target, await this.client.write(request.lines, signal));
      switch (outcome.kind) {
        case 'stored':
          return request.refused;
        case 'type': {
          const { measurement, field, stored, message } = outcome;
          const name = JSON.stringify([measurement, field]);
          if (learned.has(name)) throw new StoreFault('rows', message);
          learned.add(name);
          this.encoders.types.learn(measurement, field, stored);
          request = encodeAgain(this.encoders, first);
          break;
        }
        case 'lines':
          return [...request.refused, ...rowsOfLines(this.encoders, request, outcome.lines)];
        case 'some': {
          const { dropped, message: reason } = outcome;
          if (dropped < request.count) throw new StoreFault('rows', reason);
          const all = Array.from({ length: request.count }, (_, line) => ({ line, reason }));
          return [...request.refused, ...rowsOfLines(this.encoders, request, all)];
        }
      }
    }
    return request.refused;
  }

  takeWarnings(): string[] {
    return this.encoders.takeWarnings();
  }

  async close(): Promise<void> {
    this.client.close();
  }
}

/** Reaches the store and proves the credentials, writing nothing; returns the version of the server, if it tells. */
export async function prove(
  client: InfluxdbClient,
  { target }: InfluxdbSinkOptions,
  signal: AbortSignal,
): Promise<string | null> {
  const isThree = target.version === 3;
  const answer = isThree ? await client.get('/ping', signal) : await client.write(Buffer.alloc(0), signal);
  const { status, server } = answer;
  // An answer to no rows that is about the rows has come past credentials and place.
  const isReached = isThree ? status >= 200 && status < 300 : status === 204 || status === 400;
  if (!isReached) outcomeOf(target, answer);
  return server;
}
