// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration are written so

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../../pipeline/config/load-config.js';
import { ConfigError } from '../../../pipeline/config/problems.js';
import { problemsOf, readText } from './problems-of.js';

const FLUSHED = {
  retry: { firstMs: 500, maxMs: 30_000, minMs: 200 },
  flush: { rows: 1_000_000, everyMs: 250 },
  delivery: null,
};

test('The example of the contract is read as it stands, with all units parsed and paths made absolute.', () => {
  const { config, problems } = readText(`gateway:
  mqtt: 127.0.0.1:1883
  http: 127.0.0.1:8080          # /ingest, /mqtt, the console at /, /metrics, /health
  memory: 256MiB                # all that is held between socket and bus

streams:                        # optional
  car/{car}/imu: { rate: 100Hz, time: { field: t, unit: ms } }
  car/{car}/gps: { rate: 10Hz }

bus:
  log: { dir: ./data/bus, retain: 7d, size: 50GiB, whenFull: hold }

processors:
  g_at_position:
    from: car/{car}/imu
    steps:
      - join: { with: car/{car}/gps, how: linear, tolerance: 2s, wait: 5s }
      - columns: { kmh: speed * 3.6, g: sqrt(ax^2 + ay^2) / 9.80665 }
      - filter: kmh > 5
  laps:
    from: [car/{car}/gps, g_at_position]
    steps:
      - select: [ax, ay]
      - select: { drop: [az] }
      - columns: { kmh: speed * 3.6, hot: oil_temp > 130 and rpm > 9000, one: 1, yes: true }
      - join: { with: "car/{car}/gps", how: backward, keep: left, prefix: gps_ }
    onError: stop

sinks:
  local:   { type: file, from: "#", path: ./data/out, format: jsonl }    # or parquet, csv
  packed:  { type: file, from: [laps, car/{car}/gps], path: /data/x, format: parquet, roll: { size: 1MB, rows: 5, every: 1m } }

workers: 3
`);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    JSON.parse(JSON.stringify({ ...config, streams: config!.streams.map((s) => ({ ...s, pattern: s.pattern.text })) })),
    {
      file: '/race/pitwall.yaml',
      gateway: {
        mqtt: { host: '127.0.0.1', port: 1883 },
        http: { host: '127.0.0.1', port: 8080 },
        memoryBytes: 256 * 1024 * 1024,
        limits: { connections: 10_000, payloadBytes: 16 * 1024 * 1024 },
        undeclared: 'accept',
        ack: 'spool',
      },
      streams: [
        {
          pattern: 'car/{car}/imu',
          rateHz: 100,
          time: { field: 't', unit: 'ms' },
          key: null,
          decoder: null,
          schema: null,
        },
        { pattern: 'car/{car}/gps', rateHz: 10, time: null, key: null, decoder: null, schema: null },
      ],
      bus: {
        log: {
          dir: '/race/data/bus',
          retainUs: 7 * 86_400e6,
          sizeBytes: 50 * 2 ** 30,
          whenFull: 'hold',
          partitions: 4,
        },
        kafka: null,
      },
      processors: [
        {
          plan: {
            name: 'g_at_position',
            from: [{ pattern: 'car/{car}/imu' }],
            steps: [
              {
                verb: 'join',
                with: { pattern: 'car/{car}/gps' },
                how: 'linear',
                toleranceUs: 2e6,
                waitUs: 5e6,
                keep: 'inner',
                prefix: '',
              },
              { verb: 'columns', columns: { kmh: 'speed * 3.6', g: 'sqrt(ax^2 + ay^2) / 9.80665' } },
              { verb: 'filter', where: 'kmh > 5' },
            ],
          },
          onError: 'stop',
        },
        {
          plan: {
            name: 'laps',
            from: [{ pattern: 'car/{car}/gps' }, { processor: 'g_at_position' }],
            steps: [
              { verb: 'select', keep: ['ax', 'ay'] },
              { verb: 'select', drop: ['az'] },
              {
                verb: 'columns',
                columns: { kmh: 'speed * 3.6', hot: 'oil_temp > 130 and rpm > 9000', one: '1', yes: 'true' },
              },
              {
                verb: 'join',
                with: { pattern: 'car/{car}/gps' },
                how: 'backward',
                toleranceUs: null,
                waitUs: 5e6,
                keep: 'left',
                prefix: 'gps_',
              },
            ],
          },
          onError: 'stop',
        },
      ],
      sinks: [
        {
          name: 'local',
          type: 'file',
          from: [{ pattern: '#' }],
          ...FLUSHED,
          options: {
            path: '/race/data/out',
            format: 'jsonl',
            roll: { sizeBytes: 64 * 1024 * 1024, rows: 1_000_000, everyUs: 60e6 },
          },
        },
        {
          name: 'packed',
          type: 'file',
          from: [{ processor: 'laps' }, { pattern: 'car/{car}/gps' }],
          ...FLUSHED,
          options: { path: '/data/x', format: 'parquet', roll: { sizeBytes: 1e6, rows: 5, everyUs: 60e6 } },
        },
      ],
      modules: [],
      workers: 3,
      warnings: [],
    },
  );
});

test('Sections whose keys are all commented out have their defaults.', () => {
  const { config, problems } = readText('gateway:\n  # mqtt: off\nstreams:\nbus:\n  log:\nprocessors:\nsinks:\n');
  assert.deepEqual(problems, []);
  assert.deepEqual(config!.gateway.mqtt, { host: '127.0.0.1', port: 1883 });
  assert.equal(config!.bus.log.dir, '/race/data/bus');
  assert.deepEqual([config!.streams, config!.processors, config!.sinks], [[], [], []]);
  assert.ok(config!.workers >= 1);
});

test('Captures and variables need no quotes inside braces and brackets, and quotes change nothing.', () => {
  const bare = readText(
    'sinks: { a: { type: file, from: [{car}/imu, car/{car}/gps, a/{b}/c/{d}/#], path: ${A:-x, {y: [1]# 2}/z } }\n',
  );
  const quoted = readText(
    'sinks: { a: { type: file, from: ["{car}/imu", \'car/{car}/gps\', "a/{b}/c/{d}/#"], path: "${A:-x, {y: [1]# 2}/z" } }\n',
  );
  assert.deepEqual(bare.problems, []);
  assert.deepEqual(bare.config!.sinks[0]!.from, [
    { pattern: '{car}/imu' },
    { pattern: 'car/{car}/gps' },
    { pattern: 'a/{b}/c/{d}/#' },
  ]);
  assert.deepEqual(bare.config!.sinks, quoted.config!.sinks);
  const [sink] = bare.config!.sinks;
  assert.equal(sink!.type === 'file' && sink!.options.path, '/race/x, {y: [1]# 2/z');
});

test('A variable that is set stands in the value, and cannot bring in YAML of its own.', () => {
  const text = 'bus: { log: { dir: ${DIR}, partitions: ${N}, size: ${N}${U:?unit} } }\nworkers: ${W:-2}\n';
  const { config, problems } = readText(text, { DIR: 'a, size: 1B }\nb: #', N: '17', U: 'GiB', W: '' });
  assert.deepEqual(problems, []);
  assert.equal(config!.bus.log.dir, '/race/a, size: 1B }\nb: #');
  assert.equal(config!.bus.log.partitions, 17);
  assert.equal(config!.bus.log.sizeBytes, 17 * 2 ** 30);
  assert.equal(config!.workers, 2);
});

test('A variable is looked up once, two dollars are one, and what comes from it is not looked at again.', () => {
  const { config, problems } = readText('bus: { log: { dir: "$$${A}$${A}$5/$$$$" } }\n', { A: '${B}$$' });
  assert.deepEqual(problems, []);
  assert.equal(config!.bus.log.dir, '/race/$${B}$$${A}$5/$$');
});

test('A name that objects of JavaScript have is no variable.', () => {
  assert.deepEqual(problemsOf('bus: { log: { dir: "${toString}" } }\n'), [
    '1:21: the variable toString is not set; set it, or write ${toString:-default}',
  ]);
});

test('Aliases stand for their values, and a bomb of them is refused at once.', () => {
  const { config, problems } = readText('streams:\n  a/b: &rate { rate: 5Hz }\n  a/c: *rate\n');
  assert.deepEqual(problems, []);
  assert.deepEqual(
    config!.streams.map((stream) => stream.rateHz),
    [5, 5],
  );

  const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 9; i++) bomb.push(`a${i}: &a${i} [${`*a${i - 1}, `.repeat(10)}]`);
  assert.ok(problemsOf(`${bomb.join('\n')}\n`).some((problem) => problem.endsWith('more than 1000 aliases')));
  const wide = `a: &a [${'x, '.repeat(1000)}]\nb: [${'*a, '.repeat(100)}]\n`;
  assert.ok(problemsOf(wide).some((problem) => problem.includes('more than 50000 values')));
  assert.deepEqual(problemsOf('streams: &a { a/b: *a }\n').slice(0, 1), [
    '1:20: this alias stands for something that holds it',
  ]);
});

test('What is nested without end, or larger than any configuration, is refused and not followed.', () => {
  assert.match(problemsOf('['.repeat(100_000))[0]!, /^1:1: brackets are nested more than 200 deep$/);
  assert.match(problemsOf(`a: ${'- '.repeat(100_000)}`)[0]!, /^1:\d+: /);
  assert.match(problemsOf('- '.repeat(20_000))[0]!, /^1:\d+: /);
  assert.match(problemsOf(`#${'x'.repeat(1024 * 1024)}`)[0]!, /^1:1: the file is larger than 1048576 bytes$/);
});

test('A byte order mark, carriage returns and a missing last newline change nothing.', () => {
  const { config, problems } = readText('\ufeffworkers: 2\r\ngateway:\r\n  mqtt: off');
  assert.deepEqual(problems, []);
  assert.equal(config!.workers, 2);
  assert.equal(config!.gateway.mqtt, null);
});

test('Listening on all addresses is allowed where the file says that it is meant, and on loopback always.', () => {
  const { problems } = readText('gateway: { mqtt: 0.0.0.0:1883, auth: none }\n');
  assert.deepEqual(problems, []);
  for (const host of ['127.0.0.1', '127.8.9.10', 'localhost', '"[::1]']) {
    const end = host.startsWith('"') ? '"' : '';
    assert.deepEqual(readText(`gateway: { mqtt: ${host}:0${end} }\n`).problems, []);
  }
});

test('Loading throws one error with every problem of the file, coded by what they are.', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pitwall-config-'));
  try {
    const file = join(folder, 'pitwall.yaml');
    const load = (text: string) => {
      writeFileSync(file, text);
      return loadConfig(file, {});
    };
    assert.equal((await load('workers: 1\n')).file, file);
    await assert.rejects(
      () => load('worker: 1\ngateway: { tls: {} }\n'),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.equal(error.code, 'bad-configuration');
        assert.equal(
          error.message,
          `${file}:1:1: worker is not a known key; did you mean "workers"?\n${file}:2:12: gateway.tls is known but not part of this version yet`,
        );
        return true;
      },
    );
    await assert.rejects(() => load('gateway: { tls: {} }\n'), { code: 'not-supported', stage: 'configuration' });
    assert.deepEqual((await load('sinks: { a: { type: file, from: a/b, path: o, roll: {} } }\n')).warnings, [
      `${file}:1:47: warning: sinks.a.roll has no effect: jsonl grows one file a stream`,
    ]);
    await assert.rejects(() => loadConfig(join(folder, 'none.yaml'), {}), {
      message: `${join(folder, 'none.yaml')}:1:1: there is no such file; name the configuration with -c FILE`,
    });
    await assert.rejects(() => loadConfig(folder, {}), {
      message: `${folder}:1:1: this is a folder; name the configuration with -c FILE`,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
