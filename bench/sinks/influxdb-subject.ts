import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import { DELIVERY_DEFAULTS } from '../../sinks/delivery/delivery-options.js';
import { DeliverySink } from '../../sinks/delivery/delivery-sink.js';
import { JournalKeeper } from '../../sinks/delivery/journal-keeper.js';
import type { InfluxdbTarget } from '../../sinks/influxdb/influxdb-sink-options.js';
import { InfluxdbStore } from '../../sinks/influxdb/influxdb-store.js';
import { benchFault } from '../bench-fault.js';
import { recordedRequests, sideBySide } from './recorded-requests.js';
import { RowTally } from './row-tally.js';
import { SinkRecords } from './sink-records.js';
import type { Pass, Subject } from './subject.js';

const SPAN_US = 10_000_000;
const { inFlight } = DELIVERY_DEFAULTS;
const PATTERNS = ['car/{car}/imu'];

/** InfluxDB 1 at `http://HOST:PORT`, or 2 at `http://ORG:TOKEN@HOST:PORT`; a place is a database or a bucket. */
export function influxdbSubject(store: 'influxdb' | 'influxdb2'): Subject {
  const isTwo = store === 'influxdb2';
  return {
    writesAgain: false,
    make: (address, place) => (isTwo ? makeBucket(address, place) : influxql(address, `CREATE DATABASE "${place}"`)),
    sink: async (pass) => {
      const keeper = new JournalKeeper(join(pass.stateDir, 'state'));
      return new DeliverySink('bench', storeOf(pass, isTwo), keeper, DELIVERY_DEFAULTS, async () => {});
    },
    async bare(pass) {
      const sinkStore = storeOf(pass, isTwo);
      const records = new SinkRecords(pass.recordRows);
      const bodies = (from: number, to: number) =>
        recordedRequests(sinkStore, records, from, to, ({ lines }) =>
          pass.options.gzip ? gzipSync(lines, { level: constants.Z_BEST_SPEED }) : lines,
        );
      const warm = await bodies(0, pass.warmRecords);
      const measured = await bodies(pass.warmRecords, pass.records);
      const agent = new Agent({ keepAlive: true });
      const post = poster(pass, isTwo, agent);
      return {
        warm: () => sideBySide(warm, inFlight, post),
        async write() {
          await sideBySide(measured, inFlight, post);
          return measured.reduce((sum, { length }) => sum + length, 0);
        },
        close: async () => agent.destroy(),
      };
    },
    async count(address, place, rows) {
      const tally = new RowTally(rows, SPAN_US);
      const q = `SELECT COUNT("channel_0") FROM "imu" WHERE time > 0 AND time < now() GROUP BY "car", time(10s) fill(none)`;
      const text = await query(address, { db: place, epoch: 'u', q });
      const series = JSON.parse(text).results[0].series ?? [];
      for (const { tags, values } of series) {
        for (const [timeUs, count] of values) tally.add(`car/${tags.car}/imu`, timeUs, count);
      }
      return tally;
    },
    remove: (address, place) => (isTwo ? removeBucket(address, place) : influxql(address, `DROP DATABASE "${place}"`)),
  };
}

function storeOf({ address, place, options }: Pass, isTwo: boolean): InfluxdbStore {
  const { origin: url, username, password } = new URL(address);
  const target: InfluxdbTarget = isTwo
    ? { version: 2, url, org: decodeURIComponent(username), bucket: place, token: decodeURIComponent(password) }
    : { version: 1, url, database: place, username: null, password: null };
  const rest = {
    measurement: null,
    tags: null,
    fields: null,
    precision: 'ns',
    integers: 'auto',
    gzip: options.gzip ?? true,
  } as const;
  return new InfluxdbStore({ target, ...rest }, PATTERNS);
}

/** Sends a body and waits for the answer, with nothing but node:http. */
function poster({ address, place, options }: Pass, isTwo: boolean, agent: Agent): (body: Buffer) => Promise<void> {
  const { hostname, port, username } = new URL(address);
  const org = decodeURIComponent(username);
  const path = isTwo
    ? `/api/v2/write?${new URLSearchParams({ org, bucket: place, precision: 'ns' })}`
    : `/write?${new URLSearchParams({ db: place, precision: 'n' })}`;
  const packed: Record<string, string> = options.gzip ? { 'content-encoding': 'gzip' } : {};
  return (body) =>
    new Promise((resolve, reject) => {
      const headers = { ...authorization(address), ...packed, 'content-length': String(body.length) };
      const asked = request({ hostname, port, path, method: 'POST', agent, headers }, (answer) => {
        answer.resume().on('end', () => {
          if (answer.statusCode === 204) resolve();
          else reject(benchFault(`InfluxDB answers ${answer.statusCode} to the bare client`));
        });
      });
      asked.on('error', reject);
      asked.end(body);
    });
}

function authorization(address: string): Record<string, string> {
  const { password } = new URL(address);
  return password === '' ? {} : { authorization: `Token ${decodeURIComponent(password)}` };
}

async function query(address: string, parameters: Record<string, string>, method = 'GET'): Promise<string> {
  const { origin } = new URL(address);
  const url = `${origin}/query?${new URLSearchParams(parameters)}`;
  const response = await fetch(url, { method, headers: authorization(address) });
  const text = await response.text();
  if (!response.ok || text.includes('"error"')) throw benchFault(`${parameters.q}: ${response.status} ${text}`);
  return text;
}

async function influxql(address: string, q: string): Promise<void> {
  await query(address, { q }, 'POST');
}

/** A request to the API of version 2. */
async function api(
  address: string,
  method: string,
  path: string,
  body?: object,
): Promise<Record<string, { id: string }[]>> {
  const { origin } = new URL(address);
  const response = await fetch(`${origin}/api/v2/${path}`, {
    method,
    headers: authorization(address),
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw benchFault(`InfluxDB, ${method} ${path}: ${response.status} ${text}`);
  return text === '' ? {} : JSON.parse(text);
}

async function makeBucket(address: string, name: string): Promise<void> {
  const org = decodeURIComponent(new URL(address).username);
  const { orgs } = await api(address, 'GET', `orgs?${new URLSearchParams({ org })}`);
  await api(address, 'POST', 'buckets', { orgID: orgs![0]!.id, name, retentionRules: [] });
}

async function removeBucket(address: string, name: string): Promise<void> {
  const org = decodeURIComponent(new URL(address).username);
  const { buckets } = await api(address, 'GET', `buckets?${new URLSearchParams({ org, name })}`);
  for (const { id } of buckets ?? []) await api(address, 'DELETE', `buckets/${id}`);
}
