import { GATEWAY_MEMORY_BYTES_DEFAULT, PAYLOAD_BYTES_MAX } from '../../../core/limits.js';
import { formatBytes } from '../../../core/units.js';
import { object, section } from '../spec/collections.js';
import { address, choice, integer, size } from '../spec/scalars.js';
import { notYet, type Spec, shownValue } from '../spec/spec.js';

/** A payload may be limited further than the decoders are built for, not beyond. */
const payload: Spec<number> = {
  ...size(1, '1B'),
  check(node, where, context) {
    const bytes = size(1, '1B').check(node, where, context);
    if (bytes === undefined || bytes <= PAYLOAD_BYTES_MAX) return bytes;
    context.problems.error(node.offset, `${where} must be at most ${formatBytes(PAYLOAD_BYTES_MAX)}`);
    return undefined;
  },
};

const noAuth = choice({ none: true });
const files = object({ users: notYet('The users and their passwords'), acl: notYet('What each may publish') });
const auth: Spec<'none'> = {
  ...noAuth,
  check(node, where, context) {
    if (node.kind !== 'map') return noAuth.check(node, where, context);
    files.check(node, where, context);
    if (node.entries.length === 0)
      context.problems.error(node.offset, `${where} must be none, not ${shownValue(node)}`);
    return undefined;
  },
};

export const gatewaySection = section(
  {
    mqtt: {
      spec: address(),
      default: '127.0.0.1:1883',
      doc: 'Where MQTT devices connect over TCP; port 0 takes any that is free, `off` does not listen',
    },
    http: {
      spec: address(),
      default: '127.0.0.1:8080',
      doc: 'Where WebSocket devices connect: `/ingest`, and MQTT over `/mqtt`',
    },
    memory: {
      spec: size(2 ** 20, '1MiB'),
      default: `${GATEWAY_MEMORY_BYTES_DEFAULT / 2 ** 20}MiB`,
      doc: 'All that is held between the sockets and the bus; above it devices wait',
    },
    limits: section(
      {
        connections: {
          spec: integer(1, 1_000_000),
          default: 10_000,
          doc: 'Devices connected at the same time; further ones are refused with a reason',
        },
        payload: { spec: payload, default: '16MiB', doc: 'The largest message; 16MiB at most' },
        rate: notYet('Messages a second of one device'),
      },
      'Limits for devices',
    ),
    auth: {
      spec: auth,
      example: 'none',
      doc: '`none` says that everyone who reaches the addresses may publish; needed to listen beyond this machine',
    },
    undeclared: {
      spec: choice({ accept: true, reject: true }),
      default: 'accept',
      doc: 'What happens to streams that no pattern of `streams` names: they are learned, or refused as dead letters',
    },
    tls: notYet('Certificate and key for TLS'),
    ack: {
      spec: choice({ spool: true, bus: true }),
      default: 'spool',
      doc: 'When devices are answered: their message is on the disk of this machine, or Kafka has it; the same with the embedded log',
    },
  },
  'Where devices connect, and what they may do',
);
