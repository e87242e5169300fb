// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration are written so

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemsOf } from './problems-of.js';

/** Each file with all that must be said about it, to the column. */
const TABLE: [title: string, file: string | Uint8Array, problems: string[], environment?: Record<string, string>][] = [
  ['an empty file', '', ['1:1: the file is empty; see the bundled pitwall.yaml for what it may hold']],
  ['a file of comments', '# a\n\n# b\n', ['1:1: the file is empty; see the bundled pitwall.yaml for what it may hold']],
  ['a list at the top', '- a\n', ['1:1: the file must hold keys with values, not a list']],
  ['a text at the top', 'hello\n', ['1:1: the file must hold keys with values, not "hello"']],
  [
    'bytes that are not UTF-8',
    Buffer.concat([Buffer.from('workers: 1 # M'), Buffer.from([0xfc]), Buffer.from('ller\n')]),
    ['1:15: the file is not UTF-8 text from here on; save it as UTF-8'],
  ],
  ['a NUL', 'workers: 1\n# \0\n', ['2:3: a control character stands here; remove it']],
  ['an unknown key', 'gatway: {}\n', ['1:1: gatway is not a known key; did you mean "gateway"?']],
  [
    'an unknown key that resembles nothing',
    'zzz: 1\n',
    ['1:1: zzz is not a known key; known keys: gateway, streams, bus, processors, sinks, modules, workers'],
  ],
  [
    'a key of JavaScript objects',
    '__proto__: 1\n',
    ['1:1: __proto__ is not a known key; known keys: gateway, streams, bus, processors, sinks, modules, workers'],
  ],
  [
    'another case and separator',
    'gateway: { Memory: 1GiB }\nbus: { log: { when_full: hold } }\n',
    [
      '1:12: gateway.Memory is not a known key; did you mean "memory"?',
      '2:15: bus.log.when_full is not a known key; did you mean "whenFull"?',
    ],
  ],
  [
    'a key that stands twice',
    'workers: 1\nworkers: 2\n',
    ['2:1: the key "workers" stands twice in the same place; keep one'],
  ],
  ['a tab as indentation', 'gateway:\n\tmqtt: off\n', ['2:1: a tab stands in the indentation; YAML takes spaces only']],
  [
    'two documents',
    'workers: 1\n---\nworkers: 2\n',
    ['2:1: the file holds more than one YAML document; keep what is before the ---'],
  ],
  ['a merge key', 'gateway:\n  <<: { mqtt: off }\n', ['2:3: merge keys (<<) are not used here; write the keys out']],
  [
    'a tag',
    'workers: !number 3\n',
    [
      '1:10: tags (!) are not used here; quote the value',
      '1:18: workers must be a whole number from 0 to 256, not "3"',
    ],
  ],
  [
    'an alias without anchor',
    'workers: *n\n',
    ['1:10: this alias has no anchor before it; quote a text that starts with *'],
  ],
  [
    'an unquoted # in a block',
    'sinks:\n  a:\n    type: file\n    path: out\n    from: #\n',
    ['5:5: sinks.a.from is empty; an unquoted # starts a comment, write "#"'],
  ],
  [
    'an unquoted # in braces',
    'sinks:\n  a: { type: file, from: #, path: out }\n',
    ['2:26: an unquoted # starts a comment; write "#"'],
  ],
  [
    'a single capture in braces',
    'sinks:\n  a: { type: file, from: {car}, path: out }\n',
    [
      '2:26: sinks.a.from must be a stream pattern or a processor, not keys with values; { } means keys with values here, write "{car}"',
    ],
  ],
  [
    'a comma of a function in braces',
    'processors:\n  p:\n    from: a/b\n    steps:\n      - columns: { x: max(b, c), y: 1 }\n',
    [
      '5:23: processors.p.steps[0].columns.x: a comma inside { } ends the expression "max(b"; quote the whole expression',
    ],
  ],
  [
    'braces that YAML cannot read',
    'gateway: { mqtt: a}b }\n',
    [
      '1:20: this is not YAML: Unexpected scalar at node end; inside { } and [ ], quote a text that holds any of { } [ ] , or starts with one of ! * & % @ ` | > ?',
    ],
  ],
  [
    'a bracket that is not closed',
    'gateway: { mqtt: off\nworkers: 1\n',
    ['2:1: this is not YAML: Flow map in block collection must be sufficiently indented and end with a }'],
  ],
  [
    'numbers where texts are expected',
    'streams:\n  a/b: { rate: 100, decoder: 5, time: { field: 1 } }\n',
    [
      '2:16: streams["a/b"].rate must be a rate such as 1Hz, 20Hz, 1kHz; 100 has no unit',
      '2:30: streams["a/b"].decoder must be json or avro, not the number 5',
      '2:48: streams["a/b"].time.field must be a text, not the number 1',
    ],
  ],
  [
    'units that are wrong',
    'gateway: { memory: 256 MiBs }\nbus: { log: { retain: 7 days, size: 1KiB, partitions: 0.5 } }\n',
    [
      '1:20: gateway.memory must be a size such as 512KiB, 64MiB, 50GiB, not "256 MiBs"',
      '2:23: bus.log.retain must be a duration such as 250ms, 5s, 1m, 7d, not "7 days"',
      '2:37: bus.log.size must be at least 16MiB, not "1KiB"',
      '2:55: bus.log.partitions must be a whole number from 1 to 256, not "0.5"',
    ],
  ],
  [
    'numbers beyond all bounds',
    'workers: .inf\nbus: { log: { retain: 99999999999999d, partitions: 1e99 } }\n',
    [
      '1:10: workers must be a whole number from 0 to 256, not ".inf"',
      '2:23: bus.log.retain must be smaller, not "99999999999999d"',
      '2:52: bus.log.partitions must be a whole number from 1 to 256, not "1e99"',
    ],
  ],
  [
    'addresses that are none',
    'gateway:\n  mqtt: 1883\n  http: ::1:8080\n',
    [
      '2:9: gateway.mqtt must be HOST:PORT such as 127.0.0.1:1883, or off; write 127.0.0.1:1883',
      '3:9: gateway.http must be HOST:PORT such as 127.0.0.1:1883, or off, not "::1:8080"; put an IPv6 address in brackets and quotes: "[::1]:1883"',
    ],
  ],
  [
    'a port beyond the last',
    'gateway: { mqtt: localhost:65536 }\n',
    ['1:18: gateway.mqtt must be HOST:PORT such as 127.0.0.1:1883, or off, not "localhost:65536"'],
  ],
  [
    'listening beyond this machine without saying so',
    'gateway: { mqtt: 0.0.0.0:1883, http: "[::]:80" }\n',
    [
      '1:18: gateway.mqtt listens beyond this machine ("0.0.0.0:1883") and everyone who reaches it may publish; write gateway.auth: none if that is meant, or listen on 127.0.0.1',
      '1:38: gateway.http listens beyond this machine ("[::]:80") and everyone who reaches it may publish; write gateway.auth: none if that is meant, or listen on 127.0.0.1',
    ],
  ],
  [
    'a payload above the built-in limit',
    'gateway: { limits: { payload: 1GiB } }\n',
    ['1:31: gateway.limits.payload must be at most 16.0 MiB'],
  ],
  [
    'two listeners on one address',
    'gateway: { mqtt: localhost:80, http: localhost:80 }\n',
    ['1:38: gateway.http is the address of gateway.mqtt; give each its own port'],
  ],
  [
    'authentication that is none',
    'gateway: { auth: { user: a }, mqtt: off }\nworkers: 1\n',
    ['1:20: gateway.auth.user is not a known key; did you mean "users"?'],
  ],
  [
    'undeclared among the streams',
    'streams:\n  undeclared: reject\n',
    ['2:3: what stands below streams are stream patterns; write gateway.undeclared: reject'],
  ],
  [
    'stream patterns that are none',
    'streams:\n  car//imu:\n  car/{c/x: {}\n  "#/x":\n',
    [
      '2:3: the stream pattern "car//imu" has an empty level',
      '3:3: the stream pattern "car/{c/x" has "{c", where a capture {name} must be a whole level',
      '4:3: the stream pattern "#/x" may have # only as its last level',
    ],
  ],
  [
    'two patterns of the same streams',
    'streams:\n  car/{a}/imu:\n  car/{b}/imu:\n',
    ['3:3: "car/{b}/imu" names the same streams as "car/{a}/imu"; keep one'],
  ],
  [
    'an entity key that the pattern does not give',
    'streams:\n  car/{a}/imu: { key: "team/{team}" }\n  car/{a}/gps: { key: all }\n',
    [
      '2:23: streams["car/{a}/imu"].key: "team/{team}" takes {team}, which "car/{a}/imu" does not capture',
      '3:23: warning: streams["car/{a}/gps"].key holds no capture: all its streams are one entity, in one partition',
    ],
  ],
  [
    'a dangling from',
    'streams: { engine: }\nprocessors:\n  laps: { from: a/b, steps: [filter: x > 1] }\nsinks:\n  s: { type: file, from: [lap, engin, zzzz], path: out }\n',
    [
      '5:27: sinks.s.from[0]: "lap" is neither a processor nor a declared stream; did you mean "laps"?',
      '5:32: sinks.s.from[1]: "engin" is neither a processor nor a declared stream; did you mean "engine"?',
      '5:39: sinks.s.from[2]: "zzzz" is neither a processor nor a declared stream; processors and streams: laps, engine',
    ],
  ],
  [
    'a dangling from where nothing is declared',
    'sinks:\n  s: { type: file, from: cars, path: out }\n',
    ['2:26: sinks.s.from: "cars" is neither a processor nor a declared stream; a stream pattern holds a / or is "#"'],
  ],
  [
    'a cycle of processors, through from and through a join',
    'processors:\n  a: { from: c, steps: [filter: x] }\n  b:\n    from: a\n    steps: [filter: x]\n  c:\n    from: x/y\n    steps:\n      - join: { with: b }\n',
    ['4:11: processors.b.from: processors may not feed themselves: a -> c -> b -> a'],
  ],
  [
    'a processor of itself',
    'processors:\n  a: { from: a, steps: [filter: x] }\n',
    ['2:14: processors.a.from: processors may not feed themselves: a -> a'],
  ],
  [
    'one word for a processor and a stream',
    'streams: { gps: }\nprocessors:\n  gps: { from: a/b, steps: [filter: x] }\n',
    ['3:3: "gps" names both a processor and a stream; rename one of them'],
  ],
  [
    'names that cannot be',
    'processors:\n  a/b: { from: a/b, steps: [filter: x] }\n  telemetry: { from: a/b, steps: [filter: x] }\n  schemas: { from: a/b, steps: [filter: x] }\n  changelog: { from: a/b, steps: [filter: x] }\nsinks:\n  ..: { type: file, from: a/b, path: x }\n',
    [
      '2:3: the name "a/b" of a processor must be at most 100 letters, digits, _ - and dots, and not start with a dot',
      '3:3: the name "telemetry" is taken by a topic of the bus',
      '4:3: the name "schemas" is taken by a topic of the bus',
      '5:3: the name "changelog" is taken by a topic of the bus',
      '7:3: the name ".." of a sink must be at most 100 letters, digits, _ - and dots, and not start with a dot',
    ],
  ],
  [
    'what is missing',
    'processors:\n  p: {}\nsinks:\n  s: {}\n  t: { type: file }\n',
    [
      '2:3: processors.p lacks "from", for example from: car/{car}/imu',
      '2:3: processors.p lacks "steps", for example steps: [{ filter: speed > 5 }]',
      '4:3: sinks.s lacks "type", or module, for example type: file',
      '5:3: sinks.t lacks "from", for example from: "#"',
      '5:3: sinks.t lacks "path", for example path: ./data/out',
    ],
  ],
  [
    'steps that are none',
    'processors:\n  p:\n    from: a/b\n    steps:\n      - fliter: x > 1\n      - speed > 5\n      - {}\n      - filter: x\n        columns: { a: b }\n      - join:\n        with: a/c\n      - select: [a, a]\n      - columns: {}\n      - filter:\n',
    [
      '5:9: processors.p.steps[0].fliter is not a known step; did you mean "filter"?',
      '6:9: processors.p.steps[1] must be a step such as filter: speed > 5, not "speed > 5"',
      '7:9: processors.p.steps[2] is an empty step; write one of: select, columns, filter, join, lookup, window, rolling, resample, fill, sort, group, map',
      '9:9: processors.p.steps[3] has a second verb "columns"; start it with a dash of its own',
      '10:9: processors.p.steps[4].join lacks "with", for example with: car/{car}/gps',
      '11:9: processors.p.steps[4] has "with" beside "join"; indent it below "join"',
      '12:21: processors.p.steps[5].select names the column "a" twice',
      '13:18: processors.p.steps[6].columns must name columns, for example { kmh: speed * 3.6 }, not keys with values',
      '14:9: processors.p.steps[7].filter is empty; write an expression such as speed * 3.6, or remove the key',
    ],
  ],
  [
    'two sinks, or a sink and the bus, in one folder',
    'sinks:\n  a: { type: file, from: a/b, path: ./out }\n  b: { type: file, from: a/b, path: out/. }\n  c: { type: file, from: a/b, path: data }\n',
    [
      '3:37: sinks.b.path: the sink "a" writes to the same folder; give each its own',
      '4:37: sinks.c.path and the folder of the bus may not lie within each other; give each its own',
    ],
  ],
  [
    'a home folder that nobody replaces',
    'bus: { log: { dir: ~/bus } }\n',
    ['1:20: bus.log.dir: "~/bus" starts with ~, which is not replaced; write ${HOME}'],
  ],
  [
    'an unknown sink type',
    'sinks:\n  a: { type: influx, from: a/b }\n  b: { type: fil }\n',
    [
      '2:14: sinks.a.type must name a type, not "influx"; did you mean "influxdb"?',
      '3:14: sinks.b.type must name a type, not "fil"; did you mean "file"?',
    ],
  ],
  [
    'an InfluxDB sink without what its version needs, or with what another takes',
    'sinks:\n  a: { type: influxdb, from: a/b, url: "http://127.0.0.1:8086" }\n  b: { type: influxdb, from: a/b, url: "http://127.0.0.1:8086", bucket: c, token: d, database: e }\n  c: { type: influxdb, from: a/b, url: "http://u:p@h", version: 4, database: e }\n  d:\n    type: influxdb\n    from: a/b\n    url: http://influx.example:8086\n    version: 2\n    org: o\n    token: hunter2\n    fields: 7\n    gzip: maybe\n  e: { type: influxdb, from: a/b, url: "http://127.0.0.1:8086", database: e, username: u }\n  f: { type: influxdb, from: "car/{car}/gps", url: "http://127.0.0.1:8086", database: e, measurement: "{cra}" }\n',
    [
      '2:3: sinks.a lacks "database", which InfluxDB 1 needs',
      '3:65: sinks.b.bucket is not for InfluxDB 1, which takes database, username, password; write version: 2 or 3 if that is what it is',
      '3:76: sinks.b.token is not for InfluxDB 1, which takes database, username, password; write version: 2 or 3 if that is what it is',
      '4:40: sinks.c.url may not hold a name and password; write username and password beside it',
      '4:65: sinks.c.version must be a whole number from 1 to 3, not "4"',
      '5:3: sinks.d lacks "bucket", which InfluxDB 2 needs',
      '8:10: warning: sinks.d sends its credentials as they are, beyond this machine; use https',
      '12:13: sinks.d.fields must be a list, not "7"',
      '13:11: sinks.d.gzip must be true or false, not "maybe"',
      '14:78: sinks.e has "username" and lacks "password"; write both, or neither',
      '15:104: sinks.f.measurement takes {cra}, a tag that no stream of from has; did you mean "car"?',
    ],
  ],
  [
    'a secret with a comma between braces, of which no part may be said',
    'sinks:\n  a: { type: influxdb, from: a/b, url: "http://127.0.0.1:8086", database: e, username: u, password: in,hunter2 }\n  b: { type: mongodb, from: a/b, collection: c, url: mongodb://u:in@db1,hunter2/e }\n',
    [
      '2:104: sinks.a has what is no key after "password"; known keys: type, from, retry, onError, batch, inFlight, timeout, url, version, database, username, password, org, bucket, token, measurement, tags, fields, integers, precision, gzip; quote the whole password if it holds a comma',
      '3:3: sinks.b lacks "database", for example database: race',
      '3:54: warning: sinks.b.url sends rows over a network without encryption; add tls=true to it',
      '3:73: sinks.b has what is no key after "url"; known keys: type, from, retry, onError, batch, inFlight, timeout, url, username, password, database, collection, mode, key, bucket, expire; quote the whole url if it holds a comma',
    ],
  ],
  [
    'roll where it has no effect',
    'sinks:\n  a: { type: file, from: a/b, path: out, roll: { every: 5s } }\n',
    ['2:42: warning: sinks.a.roll has no effect: jsonl grows one file a stream'],
  ],
  [
    'inputs that can never have rows',
    'gateway: { undeclared: reject }\nstreams: { a/b: }\nprocessors:\n  p: { from: [a/+, c/d], steps: [filter: x] }\nsinks:\n  s: { type: file, from: p/a, path: out }\n',
    [
      '4:20: warning: processors.p.from[1]: no declared stream can match "c/d", and gateway.undeclared is reject',
      '6:26: warning: sinks.s.from: "p/a" matches streams of devices only; to read the processor, write p',
    ],
  ],
  [
    'variables that are missing or misspelt, with their names and never their values',
    'bus:\n  log:\n    dir: ./${DIR}\n    retain: ${RETAIN}\n    size: ${SIZE:?say how large}\n    whenFull: "${ }"\n    partitions: ${SECRET}\n',
    [
      '3:12: the variable DIR is not set; set it, or write ${DIR:-default}',
      '4:13: bus.log.retain must be a duration such as 250ms, 5s, 1m, 7d, not "${RETAIN}"',
      '5:11: the variable SIZE is not set: say how large',
      '6:16: "${" starts a variable; write ${NAME}, ${NAME:-default}, ${NAME:?message}, or $${ for itself',
      '7:17: bus.log.partitions must be a whole number from 1 to 256, not "${SECRET}"',
    ],
    { RETAIN: 'hunter2', SECRET: 'hunter2' },
  ],
];

for (const [title, file, expected, environment] of TABLE) {
  test(`The checker says all there is to say about ${title}, with line and column.`, () => {
    assert.deepEqual(problemsOf(file, environment), expected);
  });
}

test('Everything the design knows but this version does not do is refused by name.', () => {
  const file = `gateway:
  tls: { cert: a, key: b, clientCa: c }
  auth: { users: u, acl: a }
  limits: { rate: 100Hz }
streams:
  a/b: { decoder: sparkplug }
bus:
  kafka: { brokers: ["a:1"], topic: telemetry }
processors:
  p:
    from: a/b
    steps:
      - filter: x > 1
sinks:
  d: { type: kafka, from: "#", brokers: ["a:1"], topic: t, onError: skip }
  h: { type: file, from: "#", path: out, onError: skip }
`;
  const known = ' is known but not part of this version yet';
  assert.deepEqual(problemsOf(file), [
    `2:3: gateway.tls${known}`,
    `3:11: gateway.auth.users${known}`,
    `3:21: gateway.auth.acl${known}`,
    `4:13: gateway.limits.rate${known}`,
    `6:19: streams["a/b"].decoder: sparkplug${known}`,
    `15:69: sinks.d.onError: skip${known}`,
    `16:51: sinks.h.onError: skip${known}`,
  ]);
});

test('Faults of expressions stand at their place inside the text, quoted or not, and at its start where it is folded.', () => {
  const file = `processors:
  p:
    from: a/b
    steps:
      - filter: x + > 1
      - filter: "x > 1 and sqr(x) > 2"
      - columns: { gps.lat: "sqrt(a, b)", ok: 1 }
      - filter: >
          x +
          )
      - filter: \${WHERE}
`;
  const found = problemsOf(file, { WHERE: 'hunter2 + )' });
  assert.deepEqual(
    found.map((problem) => problem.replace(/: [^:]*$/, '')),
    [
      '5:21: processors.p.steps[0].filter',
      '6:28: processors.p.steps[1].filter',
      '7:30: processors.p.steps[2].columns["gps.lat"]',
      '8:17: processors.p.steps[3].filter',
      '11:17: processors.p.steps[4].filter',
    ],
  );
  assert.match(found[1]!, /did you mean sqrt\?$/);
  assert.equal(found[4], '11:17: processors.p.steps[4].filter: "${WHERE}" is not valid with its variables replaced');
});

test('Faults of steps that are no expressions stand at the value that is meant.', () => {
  const file = `processors:
  p:
    from: a/b
    steps:
      - columns: { timeUs: x + 1 }
      - filter: x * 2
      - join: { with: a/c, wait: 5 }
`;
  assert.deepEqual(problemsOf(file), [
    '5:28: processors.p.steps[0].columns.timeUs: timeUs is the time of the row and cannot be replaced',
    '6:17: processors.p.steps[1].filter: a filter needs true or false; compare the value with something, as in x > 0',
    '7:34: processors.p.steps[2].join.wait must be a duration such as 250ms, 5s, 1m, 7d; 5 has no unit',
  ]);
});
