import { patternFault, StreamPattern } from '../core/stream-pattern.js';
import { suggestion } from '../core/suggest.js';
import { audit, type Ledger } from '../pipeline/audit/audit.js';
import { loadConfig } from '../pipeline/config/load-config.js';
import { busPoint } from '../pipeline/reprocess/bus-point.js';
import { CONFIG_OPTION, type Command, EXIT, type Io, usageError } from './command.js';

export const command: Command = {
  name: 'audit',
  summary: 'count rows on the bus, and in each sink: stored, lost, duplicated',
  usage: '[SINK...] [-c FILE] [--stream PATTERN] [--since start|OFFSET|TIME] [--json]',
  options: {
    config: CONFIG_OPTION,
    stream: { type: 'string', value: 'PATTERN', doc: 'only streams that match' },
    since: {
      type: 'string',
      value: 'start|OFFSET|TIME',
      default: 'start',
      doc: 'records from there on, by offset or time of receipt',
    },
    json: { type: 'boolean', doc: 'one JSON object a line' },
  },
  positionals: true,
  help: `Reads what the bus keeps and asks each store what it holds; it changes nothing, and may run beside the gateway.
  bus         rows that were accepted, and are still on the bus, for this sink
  stored      of them in the store
  waiting     that the branch has yet to write
  refused     that the store has refused: dead letters
  lost        that are nowhere
  duplicated  that are there more than once
Rows are compared by stream and event time. Exit code 1 when rows are lost or duplicated.`,
  async run({ values, positionals }, io) {
    if (typeof values.stream === 'string') {
      const fault = patternFault(values.stream);
      if (fault) throw usageError(`--stream "${values.stream}" ${fault}`);
    }
    const since = busPoint(values.since as string);
    if (since === null) throw usageError('--since takes start, an offset, or a time such as 2024-05-01T12:00:00Z');
    const config = await loadConfig(values.config as string, io.env);
    const names = config.sinks.map(({ name }) => name);
    for (const name of positionals) {
      if (!names.includes(name)) throw usageError(`there is no sink "${name}"${suggestion(name, names, 'there are')}`);
    }
    const streams = typeof values.stream === 'string' ? new StreamPattern(values.stream) : null;
    let wrong = 0;
    for await (const { branch, ledgers, faults } of audit(config, { since, streams, branches: positionals })) {
      if (ledgers.length === 0 && !values.json) io.stdout.write(`${branch}: no rows on the bus for it\n`);
      for (const ledger of ledgers) {
        if ((ledger.lost ?? 0) > 0 || (ledger.duplicated ?? 0) > 0) wrong++;
        print(ledger, Boolean(values.json), io);
      }
      for (const fault of faults) io.stderr.write(`${branch}: ${fault}\n`);
      wrong += faults.length;
    }
    return wrong > 0 ? EXIT.failure : EXIT.ok;
  },
};

function print(ledger: Ledger, json: boolean, io: Io): void {
  if (json) {
    io.stdout.write(`${JSON.stringify(ledger)}\n`);
    return;
  }
  const { branch, stream, bus, waiting, refused, unstorable, stored, lost, duplicated, older } = ledger;
  const some = (count: number | null, what: string) => (count ? `, ${count} ${what}` : '');
  const asked =
    stored === null ? 'the store cannot be asked' : `${stored} stored, ${lost} lost, ${duplicated} duplicated`;
  const more = `${some(waiting, 'waiting')}${some(refused, 'refused')}${some(unstorable, 'that the store cannot hold')}${some(older, 'there that are not on the bus any more')}`;
  // A stream's name is a device's word.
  const name = stream.replace(/[\p{Cc}\p{Cf}\ufffd]+/gu, ' ');
  io.stdout.write(`${branch}  ${name}  ${bus} on the bus: ${asked}${more}\n`);
}
