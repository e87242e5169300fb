import assert from 'node:assert/strict';
import { test } from 'node:test';
import { influxdb1 } from './influxdb1-server.js';
import { influxdb2, influxdb2Request, makeBucket } from './influxdb2-server.js';
import { killedWhileWriting } from './killed-while-writing.js';

const START_S = 1_700_000_000;
const line = (i: number) => `laps,car=a speed=${i}i ${START_S + i}`;
const rows = (count: number) => Array.from({ length: count }, (_, i) => [START_S + i, i]);

test('An InfluxDB 1 that is killed comes back with every acknowledged point.', await influxdb1.needsOwn(), async () => {
  const server = await influxdb1.start();
  const query = async (q: string) => {
    const url = `${server.url}/query?${new URLSearchParams({ db: 'race', epoch: 's', q })}`;
    return (await fetch(url, { method: 'POST' })).json() as Promise<{ results: { series: { values: unknown[] }[] }[] }>;
  };
  await query('CREATE DATABASE race');
  const write = (body: string) => fetch(`${server.url}/write?db=race&precision=s`, { method: 'POST', body });

  const count = await killedWhileWriting(server, async (i) => assert.equal((await write(line(i))).status, 204));
  const { results } = await query(`SELECT speed FROM laps LIMIT ${count}`);
  assert.deepEqual(results[0]!.series[0]!.values, rows(count));
  assert.equal((await write('laps,car=a speed="fast" 1700000000')).status, 400, 'a field keeps its type');
  await server.stop();
});

test('An InfluxDB 2 that is killed comes back with every acknowledged point.', await influxdb2.needsOwn(), async () => {
  const server = await influxdb2.start();
  await makeBucket(server, 'race');
  const write = (body: string) =>
    influxdb2Request(server, `/api/v2/write?org=${server.org}&bucket=race&precision=s`, body);

  const count = await killedWhileWriting(server, async (i) => assert.equal((await write(line(i))).status, 204));
  const flux = `from(bucket: "race") |> range(start: 0) |> limit(n: ${count}) |> keep(columns: ["_time", "_value"])`;
  const found = await influxdb2Request(
    server,
    `/api/v2/query?org=${server.org}`,
    JSON.stringify({ query: flux, dialect: { header: false, annotations: [] } }),
  );
  assert.deepEqual(
    (await found.text())
      .trim()
      .split(/\s+/)
      .map((row) => row.split(',').slice(-2))
      .map(([time, value]) => [Date.parse(time!) / 1000, Number(value)]),
    rows(count),
  );
  assert.equal((await write('laps,car=a speed="fast" 1700000000')).status, 422, 'a field keeps its type');
  await server.stop();
});
