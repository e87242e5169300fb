// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration are written so

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SinkConfigOf } from '../../../pipeline/config/sink-config.js';
import { problemsOf, readText } from './problems-of.js';

const KAFKA = 'bus:\n  kafka:\n    brokers: [127.0.0.1:9092]\n';

function configOf(text: string, environment: Record<string, string> = {}) {
  const { config, problems } = readText(text, environment);
  assert.deepEqual(problems, []);
  return config!;
}

function sinkOf(text: string, environment: Record<string, string> = {}): SinkConfigOf<'kafka'> {
  const [sink] = configOf(text, environment).sinks;
  assert.ok(sink?.type === 'kafka');
  return sink;
}

test('Kafka as the bus needs its brokers alone; the rest has defaults, and the log is its spool.', () => {
  const config = configOf(KAFKA);
  assert.deepEqual(config.bus, {
    log: { dir: '/race/data/spool', retainUs: 0, sizeBytes: 50 * 2 ** 30, whenFull: 'hold', partitions: 12 },
    kafka: {
      connection: { brokers: ['127.0.0.1:9092'], tls: null, sasl: null },
      topic: 'telemetry',
      group: 'pitwall',
      replication: null,
      compression: 'lz4',
      retainUs: null,
      stateDir: '/race/data/state',
      registry: null,
    },
  });
  assert.equal(config.gateway.ack, 'spool');
});

test('Without Kafka the bus is the embedded log, and both kinds of acknowledgement are taken.', () => {
  for (const ack of ['spool', 'bus']) {
    const config = configOf(`gateway: { ack: ${ack} }\n`);
    assert.equal(config.gateway.ack, ack);
    assert.equal(config.bus.kafka, null);
    assert.equal(config.bus.log.dir, '/race/data/bus');
  }
});

test('Every key of Kafka as the bus is read, with paths made absolute and variables replaced.', () => {
  const config = configOf(
    `gateway: { ack: bus }
bus:
  kafka:
    brokers: [kafka-1.example:9092, "kafka-2.example:9093"]
    topic: race.telemetry_2-a
    group: pitwall-\${SITE}
    partitions: \${N}
    replication: 3
    compression: snappy
    retain: 14d
    spool: spool
    spoolSize: 16MiB
    state: /var/lib/pitwall
    tls: { ca: certs/ca.pem, cert: certs/me.pem, key: /etc/me.key }
    sasl: { mechanism: scram-sha-512, username: \${SITE}, password: "\${PASSWORD}" }
    registry: { url: https://registry.example/api, username: reader, password: \${PASSWORD} }
`,
    { SITE: 'spa', N: '24', PASSWORD: 'a, b: #c' },
  );
  assert.deepEqual(config.bus, {
    log: { dir: '/race/spool', retainUs: 0, sizeBytes: 2 ** 24, whenFull: 'hold', partitions: 24 },
    kafka: {
      connection: {
        brokers: ['kafka-1.example:9092', 'kafka-2.example:9093'],
        tls: { ca: '/race/certs/ca.pem', cert: '/race/certs/me.pem', key: '/etc/me.key' },
        sasl: { mechanism: 'scram-sha-512', username: 'spa', password: 'a, b: #c' },
      },
      topic: 'race.telemetry_2-a',
      group: 'pitwall-spa',
      replication: 3,
      compression: 'snappy',
      retainUs: 14 * 86_400e6,
      stateDir: '/var/lib/pitwall',
      registry: { url: 'https://registry.example/api', username: 'reader', password: 'a, b: #c' },
    },
  });
});

test('Brokers may be one text with commas, also from a variable, and TLS may be a word.', () => {
  const read = (keys: string, environment: Record<string, string>) =>
    configOf(`bus: { kafka: { ${keys} } }\n`, environment).bus.kafka!.connection;
  const system = { ca: null, cert: null, key: null };
  assert.deepEqual(read('brokers: ${BROKERS}, tls: ${TLS}', { BROKERS: 'a:1, b:2,c:3', TLS: 'true' }), {
    brokers: ['a:1', 'b:2', 'c:3'],
    tls: system,
    sasl: null,
  });
  assert.deepEqual(read('brokers: ["a:1,b:2", "c:3"], tls: true', {}).brokers, ['a:1', 'b:2', 'c:3']);
  assert.deepEqual(read('brokers: localhost:9092, tls: false', {}), {
    brokers: ['localhost:9092'],
    tls: null,
    sasl: null,
  });
});

test('A Kafka sink has defaults for all but its brokers and its topic.', () => {
  assert.deepEqual(
    sinkOf('sinks: { k: { type: kafka, from: car/{car}/gps, brokers: ["a:1"], topic: live-{car} } }\n'),
    {
      name: 'k',
      type: 'kafka',
      from: [{ pattern: 'car/{car}/gps' }],
      retry: { firstMs: 500, maxMs: 30_000, minMs: 200 },
      flush: { rows: 1_000_000, everyMs: 250 },
      delivery: null,
      options: {
        connection: { brokers: ['a:1'], tls: null, sasl: null },
        topic: 'live-{car}',
        format: 'json',
        rows: 'one',
        compression: 'lz4',
        registry: null,
        partitions: null,
        replication: null,
      },
    },
  );
});

test('Every key of a Kafka sink is read, beside a sink of files.', () => {
  const text = `sinks:
  files: { type: file, from: "#", path: out }
  k:
    type: kafka
    from: ["#"]
    brokers: [a:1]
    topic: "{stream}"
    format: avro
    rows: batch
    compression: gzip
    partitions: 3
    replication: 2
    tls: true
    sasl: { mechanism: plain, username: u, password: p }
    registry: { url: "http://localhost:8081" }
    onError: stop
    retry: { first: 100ms, max: 100ms }
    batch: { rows: 5000, every: 1s }
    inFlight: 1
`;
  const [files, kafka] = configOf(text).sinks;
  assert.deepEqual([files!.type, files!.name], ['file', 'files']);
  assert.deepEqual(kafka, {
    name: 'k',
    type: 'kafka',
    from: [{ pattern: '#' }],
    retry: { firstMs: 100, maxMs: 100, minMs: 100 },
    flush: { rows: 5_000, everyMs: 1_000 },
    delivery: null,
    options: {
      connection: {
        brokers: ['a:1'],
        tls: { ca: null, cert: null, key: null },
        sasl: { mechanism: 'plain', username: 'u', password: 'p' },
      },
      topic: '{stream}',
      format: 'avro',
      rows: 'batch',
      compression: 'gzip',
      registry: { url: 'http://localhost:8081', username: null, password: null },
      partitions: 3,
      replication: 2,
    },
  });
});

test('Behind a group step rows have the tags that they are grouped by, and no others.', () => {
  const text = (topic: string) => `processors:
  laps:
    from: car/{car}/gps
    steps: [ { group: { by: lap } }, { group: { by: [tyre, gear] } }, { filter: speed > 5 } ]
  fast: { from: laps, steps: [filter: speed > 50] }
sinks:
  k: { type: kafka, from: fast, brokers: ["a:1"], topic: ${topic} }
`;
  assert.equal(sinkOf(text('x-{tyre}-{gear}')).options.topic, 'x-{tyre}-{gear}');
  assert.deepEqual(problemsOf(text('x-{car}-{lap}')), [
    '7:60: sinks.k.topic takes {car}, a tag that no stream of from has; there is: tyre, gear, stream',
    '7:66: sinks.k.topic takes {lap}, a tag that no stream of from has; there is: tyre, gear, stream',
  ]);
});

test("The topic of a sink takes the tags of its patterns, of declared streams and of a processor's inputs.", () => {
  const text = (topic: string) => `streams: { team/{team}/car/{car}/gps: }
processors:
  fast: { from: team/+/car/+/gps, steps: [filter: speed > 5] }
  faster: { from: fast, steps: [filter: speed > 50] }
sinks:
  k: { type: kafka, from: [faster, "hall/{hall}/#"], brokers: ["a:1"], topic: ${topic} }
`;
  for (const topic of ['x-{team}-{car}', '{hall}.x', 'x_{stream}', '"{car}{hall}"']) {
    assert.equal(sinkOf(text(topic)).options.topic, topic.replaceAll('"', ''));
  }
  assert.deepEqual(problemsOf(text('x-{car}-{cat}-{lap}')), [
    '6:87: sinks.k.topic takes {cat}, a tag that no stream of from has; did you mean "car"?',
    '6:93: sinks.k.topic takes {lap}, a tag that no stream of from has; there is: hall, team, car, stream',
  ]);
});

/** Each file with all that must be said about it, to the column. */
const TABLE: [title: string, file: string, problems: string[], environment?: Record<string, string>][] = [
  [
    'Kafka without brokers',
    'bus:\n  kafka:\n',
    ['2:3: bus.kafka lacks "brokers", for example brokers: [127.0.0.1:9092]'],
  ],
  [
    'both kinds of bus',
    'bus:\n  kafka: { brokers: ["a:1"], tpic: x }\n  log:\n',
    [
      '2:30: bus.kafka.tpic is not a known key; did you mean "topic"?',
      '3:3: bus.log stands beside bus.kafka, and there is one bus; remove one of them (with Kafka, bus.kafka.spool is the log)',
    ],
  ],
  [
    'the other order of both',
    'bus: { log: { retain: 7d }, kafka: { brokers: ["a:1"] } }\n',
    [
      '1:29: bus.kafka stands beside bus.log, and there is one bus; remove one of them (with Kafka, bus.kafka.spool is the log)',
    ],
  ],
  [
    'brokers that are none',
    'bus:\n  kafka:\n    brokers:\n      - 9092\n      - localhost\n      - kafka://a:9092\n      - "[::1]:9092"\n      - a:0\n      - a:65536\n      - a:1,b\n      - u:hunter2@a:1\n      - { a: 1 }\n      -\n',
    [
      '4:9: bus.kafka.brokers[0] must be HOST:PORT such as 127.0.0.1:9092; write 127.0.0.1:9092',
      '5:9: bus.kafka.brokers[1] must be HOST:PORT such as 127.0.0.1:9092, not "localhost"; write localhost:9092',
      '6:9: bus.kafka.brokers[2] must be HOST:PORT such as 127.0.0.1:9092, not "kafka://a:9092"',
      '7:9: bus.kafka.brokers[3] must be HOST:PORT such as 127.0.0.1:9092, not "[::1]:9092"; a server with an IPv6 address needs a name',
      '8:9: bus.kafka.brokers[4] must be HOST:PORT such as 127.0.0.1:9092, not "a:0"',
      '9:9: bus.kafka.brokers[5] must be HOST:PORT such as 127.0.0.1:9092, not "a:65536"',
      '10:9: bus.kafka.brokers[6] must be HOST:PORT such as 127.0.0.1:9092, not "a:1,b"; write b:9092',
      '11:9: bus.kafka.brokers[7] may not hold a name and password; write them below sasl',
      '12:9: bus.kafka.brokers[8] must be HOST:PORT such as 127.0.0.1:9092, not keys with values',
      '13:8: bus.kafka.brokers[9] is empty; write HOST:PORT such as 127.0.0.1:9092, or remove the key',
    ],
  ],
  [
    'no broker in the list, and one from a variable that is none',
    'bus: { kafka: { brokers: [] } }\nsinks: { k: { type: kafka, from: "#", brokers: "${HOSTS}", topic: t } }\n',
    [
      '1:26: bus.kafka.brokers is an empty list; name at least one, or remove the key',
      '2:48: sinks.k.brokers must be HOST:PORT such as 127.0.0.1:9092, not "${HOSTS}"',
    ],
    { HOSTS: 'hunter2' },
  ],
  [
    'topics that are none',
    `sinks:\n  a: { type: kafka, from: "#", brokers: ["a:1"], topic: car/44 }\n  b: { type: kafka, from: "#", brokers: ["a:1"], topic: .. }\n  c: { type: kafka, from: "#", brokers: ["a:1"], topic: "x-{a b}" }\nbus:\n  kafka: { brokers: ["b:1"], topic: räce }\n`,
    [
      `2:57: sinks.a.topic must be a topic's name: at most 249 letters, digits, _ - and dots, not dots alone, and {name} for a tag or {stream}; not "car/44"`,
      `3:57: sinks.b.topic must be a topic's name: at most 249 letters, digits, _ - and dots, not dots alone, and {name} for a tag or {stream}; not ".."`,
      `4:57: sinks.c.topic must be a topic's name: at most 249 letters, digits, _ - and dots, not dots alone, and {name} for a tag or {stream}; not "x-{a b}"`,
      `6:37: bus.kafka.topic must be a topic's name: at most 180 letters, digits, _ - and dots, not dots alone, and {name} for a tag beside them; not "räce"`,
    ],
  ],
  [
    'a topic that is too long for those that begin with it',
    `bus: { kafka: { brokers: ["b:1"], topic: ${'x'.repeat(181)} } }\n`,
    [
      `1:42: bus.kafka.topic must be a topic's name: at most 180 letters, digits, _ - and dots, not dots alone, and {name} for a tag beside them; not "${'x'.repeat(80)}…"`,
    ],
  ],
  [
    'a template as the topic of the bus whose tags no entity has',
    `streams:\n  "{class}/{car}/imu": {}\n  "{class}/{car}/{sensor}": { key: "x/{car}" }\nbus: { kafka: { brokers: ["b:1"], topic: "telemetry.{clas}-{class}.{sensor}" } }\n`,
    [
      '4:53: bus.kafka.topic takes {clas}, which no pattern of streams captures; did you mean "class"?',
      '4:60: bus.kafka.topic takes {class}, which is not part of the entity of "{class}/{car}/{sensor}": its streams would come into different topics, where nothing joins them; put it into the key of the pattern, or choose another tag',
      '4:68: bus.kafka.topic takes {sensor}, which is not part of the entity of "{class}/{car}/{sensor}": its streams would come into different topics, where nothing joins them; put it into the key of the pattern, or choose another tag',
    ],
  ],
  [
    'a template as the topic of the bus that is nothing but tags',
    `streams: { "{class}/{car}/imu": {} }\nbus: { kafka: { brokers: ["b:1"], topic: "{class}" } }\n`,
    [
      `2:42: bus.kafka.topic must be a topic's name: at most 180 letters, digits, _ - and dots, not dots alone, and {name} for a tag beside them; not "{class}"`,
    ],
  ],
  [
    'numbers and words out of bounds',
    `${KAFKA}    partitions: 257\n    replication: 0\n    compression: zstd\n    retain: 10ms\n    spoolSize: 1MiB\n    group: ""\ngateway: { ack: kafka }\n`,
    [
      '4:17: bus.kafka.partitions must be a whole number from 1 to 256, not "257"',
      '5:18: bus.kafka.replication must be a whole number from 1 to 32767, not "0"',
      '6:18: bus.kafka.compression must be none, gzip, snappy or lz4, not "zstd"',
      '7:13: bus.kafka.retain must be at least 1s, not "10ms"',
      '8:16: bus.kafka.spoolSize must be at least 16MiB, not "1MiB"',
      '9:12: bus.kafka.group: "" is empty',
      '10:17: gateway.ack must be spool or bus, not "kafka"',
    ],
  ],
  [
    'TLS that is nothing',
    `sinks:\n  a: { type: kafka, from: "#", brokers: ["a:1"], topic: t, tls: }\n  b: { type: kafka, from: "#", brokers: ["a:1"], topic: t, tls: {} }\n  c: { type: kafka, from: "#", brokers: ["a:1"], topic: t, tls: yes }\n  d: { type: kafka, from: "#", brokers: ["a:1"], topic: t, tls: { cert: a } }\n  e: { type: kafka, from: "#", brokers: ["a:1"], topic: t, tls: { key: ~/a, ca: a, pfx: b } }\n`,
    [
      '2:60: sinks.a.tls is empty; write true, or keys ca, cert, key, or remove the key',
      '3:65: sinks.b.tls is empty; write true, or keys ca, cert, key, or remove the key',
      '4:65: sinks.c.tls must be true, or keys ca, cert, key, not "yes"',
      '5:67: sinks.d.tls has "cert" and lacks "key"; write both, or neither',
      '6:67: sinks.e.tls has "key" and lacks "cert"; write both, or neither',
      '6:72: sinks.e.tls.key: "~/a" starts with ~, which is not replaced; write ${HOME}',
      '6:84: sinks.e.tls.pfx is not a known key; known keys: ca, cert, key',
    ],
  ],
  [
    'SASL that lacks something',
    `${KAFKA}    sasl: {}\nsinks:\n  a: { type: kafka, from: "#", brokers: ["a:1"], topic: t, sasl: { mechanism: SCRAM-SHA-256, username: 5, password: "" } }\n`,
    [
      '4:5: bus.kafka.sasl lacks "mechanism", for example mechanism: scram-sha-512',
      '4:5: bus.kafka.sasl lacks "username", for example username: pitwall',
      '4:5: bus.kafka.sasl lacks "password", for example password: "${KAFKA_PASSWORD}"',
      '6:79: sinks.a.sasl.mechanism must be plain, scram-sha-256 or scram-sha-512, not "SCRAM-SHA-256"; did you mean "scram-sha-256"?',
      '6:104: sinks.a.sasl.username must be a text, not the number 5',
      '6:117: sinks.a.sasl.password is an empty text',
    ],
  ],
  [
    'registries that are none',
    `sinks:\n  a: { type: kafka, format: avro, from: "#", brokers: ["a:1"], topic: t, registry: {} }\n  b: { type: kafka, format: avro, from: "#", brokers: ["a:1"], topic: t, registry: { url: "localhost:8081", username: x } }\n  c: { type: kafka, format: avro, from: "#", brokers: ["a:1"], topic: t, registry: { url: "https://a?x=1", password: x } }\n  d: { type: kafka, from: "#", brokers: ["a:1"], topic: t, registry: { url: "http://a" } }\n`,
    [
      '2:74: sinks.a.registry lacks "url", for example url: http://127.0.0.1:8081',
      '3:91: sinks.b.registry.url must be a URL such as http://127.0.0.1:8081, not "localhost:8081"',
      '3:109: sinks.b.registry has "username" and lacks "password"; write both, or neither',
      '4:91: sinks.c.registry.url may hold neither ? nor #',
      '4:108: sinks.c.registry has "password" and lacks "username"; write both, or neither',
      '5:60: warning: sinks.d.registry has no effect: json needs no schema',
    ],
  ],
  [
    'passwords that go over the network as they are',
    `bus:\n  kafka:\n    brokers: [127.0.0.1:9092, kafka.example:9092]\n    sasl: { mechanism: plain, username: u, password: p }\n    registry: { url: "http://10.0.0.1:8081", username: u, password: p }\nsinks:\n  a: { type: kafka, from: "#", brokers: "b:1", topic: t, tls: false, sasl: { mechanism: plain, username: u, password: p } }\n`,
    [
      '4:24: warning: bus.kafka.sasl: plain sends the password as it is, to a broker beyond this machine; add tls, or use scram-sha-512',
      '5:22: warning: bus.kafka.registry sends the password as it is, beyond this machine; use https',
      '7:89: warning: sinks.a.sasl: plain sends the password as it is, to a broker beyond this machine; add tls, or use scram-sha-512',
    ],
  ],
  [
    'the topics of the bus as those of a sink',
    `bus: { kafka: { brokers: [a:1, B:1], topic: race } }\nsinks:\n  a: { type: kafka, from: "#", brokers: ["b:1"], topic: race }\n  b: { type: kafka, from: "#", brokers: ["b:1"], topic: race.{stream} }\n  c: { type: kafka, from: "#", brokers: ["b:1"], topic: race-out }\n  d: { type: kafka, from: "#", brokers: ["c:1"], topic: race }\n`,
    [
      '3:57: sinks.a.topic: "race" is among the topics of the bus, bus.kafka.topic and what begins with it and a dot; choose another',
      '4:57: sinks.b.topic: "race.{stream}" is among the topics of the bus, bus.kafka.topic and what begins with it and a dot; choose another',
    ],
  ],
  [
    'processors whose topics Kafka cannot have',
    `bus: { kafka: { brokers: ["a:1"], topic: ${'t'.repeat(170)} } }\nprocessors:\n  a.b_c: { from: x/y, steps: [filter: x > 1] }\n  a_b.c: { from: x/y, steps: [filter: x > 1] }\n  ${'n'.repeat(78)}: { from: x/y, steps: [filter: x > 1] }\n  ${'n'.repeat(79)}: { from: x/y, steps: [filter: x > 1] }\n`,
    [
      '4:3: Kafka takes . and _ in topics for the same, so "a.b_c" and "a_b.c" cannot both have one; rename one of them',
      `6:3: the Kafka topic of "${'n'.repeat(79)}" would have 250 characters, of at most 249; shorten the name, or bus.kafka.topic`,
    ],
  ],
  [
    'folders of Kafka within one another',
    `${KAFKA}    spool: ./data\nsinks:\n  a: { type: file, from: "#", path: data/state/x }\n`,
    [
      '4:12: bus.kafka.spool and bus.kafka.state may not lie within each other; give each its own',
      '6:37: sinks.a.path and bus.kafka.spool may not lie within each other; give each its own',
      '6:37: sinks.a.path and bus.kafka.state may not lie within each other; give each its own',
    ],
  ],
  [
    'a tag from a variable that nothing captures',
    'sinks: { k: { type: kafka, from: "a/{car}/#", brokers: ["a:1"], topic: "t-${TAG}" } }\n',
    ['1:72: sinks.k.topic: "t-${TAG}" takes a tag that no stream of from has'],
    { TAG: '{hunter2}' },
  ],
];

for (const [title, file, expected, environment] of TABLE) {
  test(`The checker says all there is to say about ${title}, with line and column.`, () => {
    assert.deepEqual(problemsOf(file, environment), expected);
  });
}

test('What stands where a password stands is in no message, whatever it is.', () => {
  const places = [
    (password: string) =>
      `bus: { kafka: { brokers: ["a:1"], sasl: { mechanism: plain, username: u, password: ${password} } } }\n`,
    (password: string) =>
      `bus: { kafka: { brokers: ["a:1"], registry: { password: ${password}, url: "http://a", username: u } } }\n`,
    (password: string) =>
      `sinks:\n  k:\n    type: kafka\n    sasl:\n      mechanism: plain\n      username: u\n      password: ${password}\n`,
  ];
  const passwords = [
    ...[
      '314159',
      '3.14159',
      'true',
      'a,hunter2',
      'a, hunter2: b',
      '[hunter2]',
      '{ hunter2: 1 }',
      '*hunter2',
      '&hunter2',
      '|hunter2',
    ],
    ...[
      '!hunter2',
      '@hunter2',
      '"hunter2',
      '"hunter2\\q"',
      'hunter2: x',
      'hunter2}',
      '#hunter2',
      '"${SECRET}"',
      '${SECRET}',
    ],
  ];
  for (const place of places) {
    for (const password of passwords) {
      const found = problemsOf(place(password), { SECRET: 'hunter2' });
      assert.doesNotMatch(found.join('\n'), /hunter2|14159/, place(password));
    }
  }
  assert.deepEqual(problemsOf(places[1]!('a,hunter2').replace('http:', 'https:')), [
    '1:59: bus.kafka.registry has what is no key after "password"; known keys: url, username, password; quote the whole password if it holds a comma',
  ]);
  assert.deepEqual(problemsOf(places[0]!('314159').replace('plain', 'scram-sha-512')), [
    '1:92: bus.kafka.sasl.password must be a text; put it in quotes',
  ]);
});

test('A password within the URL of a registry is refused and not shown.', () => {
  const file = (url: string) => `bus: { kafka: { brokers: ["a:1"], registry: { url: "${url}" } } }\n`;
  for (const url of ['http://u:hunter2@a:8081', 'u:hunter2@a']) {
    assert.deepEqual(problemsOf(file(url)), [
      '1:52: bus.kafka.registry.url may not hold a name and password; write username and password beside it',
    ]);
  }
});
