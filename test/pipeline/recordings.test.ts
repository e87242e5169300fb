import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../support/eventually.js';
import { exactUs } from '../support/exact-us.js';
import { GatewayProcess, pitwall } from '../support/gateway-process.js';
import { readCsv } from '../support/recorded-csv.js';
import { needs, sharedPath } from '../support/recordings.js';
import { tempDir } from '../support/temp-dir.js';

const COMMA = 'data/comma2k19-segment';
const VEHSENSE = 'data/vehsense-trip-a';
const START_US = Date.UTC(2018, 7, 2, 16, 14, 48) * 1000;
const TOLERANCE_US = 150_000;

type Row = Record<string, string | number>;

function lineCount(path: string): number {
  return readFileSync(path, 'utf8').split('\n').length - 1;
}

function jsonl(path: string): Row[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
}

/** The rows a file should have become: numbers where every cell of the column is one, else texts; NaN and nothing are null. */
function expected(path: string, stream: string, timeColumns: string[], scaleUs: 1e6 | 1e3, shiftUs: number): Row[] {
  const { columns, rows } = readCsv(path);
  const time = columns.indexOf(timeColumns.find((name) => columns.includes(name))!);
  const numeric = columns.map((_, c) =>
    rows.every((row) => row[c] === undefined || row[c] === 'NaN' || /^-?[\d.]+([eE]-?\d+)?$/.test(row[c]!)),
  );
  return rows.map((cells) => {
    const row: Row = { stream, timeUs: exactUs(cells[time]!, scaleUs) + shiftUs };
    columns.forEach((name, c) => {
      const cell = cells[c];
      if (cell === undefined || cell === 'NaN') return;
      row[name === 't' ? 'recorded_t' : name] = numeric[c] ? Number(cell) : cell;
    });
    return row;
  });
}

/** Zeroes of either sign are told apart by Object.is inside deepStrictEqual, so the radar's -0.0 is compared too. */
function compare(actual: Row[], wanted: Row[], what: string): void {
  assert.equal(actual.length, wanted.length, `rows of ${what}`);
  for (let i = 0; i < wanted.length; i++) assert.deepStrictEqual(actual[i], wanted[i], `row ${i} of ${what}`);
}

function yaml(extra = ''): string {
  return `
gateway: { mqtt: 127.0.0.1:0, http: 127.0.0.1:0 }
bus: { log: { dir: ./bus } }
sinks:
  raw: { type: file, from: "#", path: ./out, format: jsonl }
${extra}`;
}

const JOINS = ['backward', 'nearest', 'linear'] as const;
const joins = `  joined: { type: file, from: [${JOINS.map((how) => `at_${how}`).join(', ')}], path: ./joined, format: jsonl }
processors:
${JOINS.map(
  (how) => `  at_${how}:
    from: car/{car}/imu_accelerometer
    steps:
      - select: [ax]
      - join: { with: "car/{car}/gnss_live_gnss_ublox", how: ${how}, tolerance: ${TOLERANCE_US / 1000}ms, wait: 5s, keep: left }
      - select: [ax, speed, bearing]
`,
).join('')}`;

const WAYS = [
  {
    car: 'mqtt',
    name: 'MQTT, JSON, QoS 1',
    to: (gateway: GatewayProcess) => `mqtt://${gateway.mqtt}`,
    args: ['--in-flight', '1000'],
  },
  { car: 'packed', name: '/ingest, packed', to: (gateway: GatewayProcess) => `ws://${gateway.http}/ingest`, args: [] },
  {
    car: 'json',
    name: '/ingest, JSON',
    to: (gateway: GatewayProcess) => `ws://${gateway.http}/ingest`,
    args: ['--format', 'json'],
  },
];
/** Less than `wait` at every rate, so that the fixes of a message are not later than the rows that wait for them. */
const BATCH = ['--speed', 'max', '--batch', '20'];

test(
  'comma2k19 over MQTT and /ingest: every row is in the files in order, none is a dead letter, and joins equal an oracle',
  needs(COMMA),
  async () => {
    const dir = tempDir('comma');
    const gateway = await new GatewayProcess(dir, yaml(joins)).start();
    const folder = sharedPath(COMMA);
    const files = readdirSync(folder)
      .filter((name) => name.endsWith('.csv.gz'))
      .map((name) => join(folder, name));
    for (const { car, to, args } of WAYS) {
      const replay = await pitwall(
        [
          'replay',
          ...files,
          '--unit',
          's',
          '--start',
          '2018-08-02T16:14:48Z',
          '--stream',
          `car/${car}/{file}`,
          '--to',
          to(gateway),
          ...BATCH,
          ...args,
        ],
        { timeoutMs: 120_000 },
      );
      assert.equal(replay.code, 0, replay.stderr);
    }
    // The last rows have no fix after them: they leave when time has moved past their wait.
    const last = readCsv(files.find((file) => file.includes('accelerometer'))!).rows.length;
    const joined = WAYS.flatMap(({ car }) => JOINS.map((how) => join(dir, `joined/at_${how}/car/${car}.jsonl`)));
    await eventually(
      'all joined rows',
      () => joined.every((file) => existsSync(file) && lineCount(file) === last),
      40_000,
    );
    assert.equal(await gateway.stop(), 0, gateway.stderr);

    const firstUs = Math.min(...files.map((file) => exactUs(readCsv(file).rows[0]![0]!, 1e6)));
    for (const { car } of WAYS) {
      const rows = new Map<string, Row[]>();
      for (const file of files) {
        const name = basename(file, '.csv.gz');
        rows.set(name, expected(file, `car/${car}/${name}`, ['t'], 1e6, START_US - firstUs));
        compare(jsonl(join(dir, `out/car/${car}`, `${name}.jsonl`)), rows.get(name)!, `${car} ${name}`);
      }
      for (const how of JOINS) {
        const wanted = joinOracle(rows.get('imu_accelerometer')!, rows.get('gnss_live_gnss_ublox')!, how);
        const actual = jsonl(join(dir, `joined/at_${how}/car/${car}.jsonl`));
        compare(
          actual,
          wanted.map((row) => ({ ...row, stream: `at_${how}/car/${car}`, car })),
          `at_${how} ${car}`,
        );
      }
    }
    const letters = await pitwall(['dead-letters', 'list', '--json', '-c', join(dir, 'pitwall.yaml')]);
    assert.equal(letters.stdout, '');
  },
);

test(
  'VehSense trip A over MQTT and /ingest: every whole row is in the files, and the one cut line is the one dead letter',
  needs(VEHSENSE),
  async () => {
    const dir = tempDir('vehsense');
    const gateway = await new GatewayProcess(dir, `workers: 0\n${yaml()}`).start();
    const folder = sharedPath(VEHSENSE);
    const files = readdirSync(folder)
      .filter((name) => name.endsWith('.txt.gz'))
      .map((name) => join(folder, name));
    for (const { car, to, args } of WAYS) {
      const replay = await pitwall(
        [
          'replay',
          ...files,
          '--time',
          'sys_time,system_time,timestamp',
          '--unit',
          'ms',
          '--stream',
          `car/${car}/{file}`,
          '--to',
          to(gateway),
          ...BATCH,
          ...args,
        ],
        { timeoutMs: 120_000 },
      );
      assert.equal(JSON.parse(replay.stdout).rejected, 1, replay.stderr);
    }
    assert.equal(await gateway.stop(), 0, gateway.stderr);
    const letters = await pitwall(['dead-letters', 'list', '--json', '-c', join(dir, 'pitwall.yaml')]);
    const list = letters.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const cut = files.flatMap((file) => readCsv(file).cut);
    assert.equal(cut.length, 1);
    assert.deepEqual(list.map((letter) => letter.stream).sort(), WAYS.map(({ car }) => `car/${car}/raw_rot`).sort());
    // In a text frame of /ingest the line is a JSON text, its quotes escaped.
    const found = (original: string) =>
      original.includes(cut[0]!) || original.includes(JSON.stringify(cut[0]!).slice(1, -1));
    for (const letter of list) assert.ok(found(letter.original ?? ''), `${letter.original} is not the cut line`);
    for (const { car } of WAYS) {
      for (const file of files) {
        const name = basename(file, '.txt.gz');
        const wanted = expected(file, `car/${car}/${name}`, ['sys_time', 'system_time', 'timestamp'], 1e3, 0);
        compare(jsonl(join(dir, `out/car/${car}`, `${name}.jsonl`)), wanted, `${car} ${name}`);
      }
    }
  },
);

/** The definition of the joins, row by row over all rows: slow, and written apart from the product. */
function joinOracle(left: Row[], right: Row[], how: (typeof JOINS)[number]): Row[] {
  const columns = ['speed', 'bearing'];
  return left.map(({ timeUs, ax }) => {
    const t = timeUs as number;
    const near = (row: Row | undefined) => row !== undefined && Math.abs(t - (row.timeUs as number)) <= TOLERANCE_US;
    const before = right.filter((row) => (row.timeUs as number) <= t).at(-1);
    const after = right.find((row) => (row.timeUs as number) > t);
    const row: Row = { timeUs: t, ax: ax! };
    if (how === 'linear') {
      if (before && before.timeUs === t) for (const name of columns) row[name] = before[name]!;
      else if (near(before) && near(after)) {
        const share = (t - (before!.timeUs as number)) / ((after!.timeUs as number) - (before!.timeUs as number));
        for (const name of columns)
          row[name] = (before![name] as number) + ((after![name] as number) - (before![name] as number)) * share;
      }
      return row;
    }
    let match = before;
    if (how === 'nearest' && after && (!before || (after.timeUs as number) - t < t - (before.timeUs as number)))
      match = after;
    if (near(match)) for (const name of columns) row[name] = match![name]!;
    return row;
  });
}
