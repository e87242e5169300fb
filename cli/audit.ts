import { patternFault, StreamPattern } from '../core/stream-pattern.js';
import { suggestion } from '../core/suggest.js';
import type { Ledger } from '../pipeline/audit/account.js';
import { audit } from '../pipeline/audit/audit.js';
import { auditGateway, type GatewayLedger } from '../pipeline/audit/audit-gateway.js';
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
First, without a SINK: what the gateway accepted of each stream, and what it and processors put into the dead letters. Then:
  bus         rows that were accepted, and are still on the bus, for this sink
  stored      of them in the store
  waiting     that the branch has yet to write
  missing     not there, on a machine that does not know how far the branch is
  refused     that the store has refused: dead letters
  overwritten whose place a later row has taken, in stores that keep one row of a key or a time
  lost        that are nowhere
  duplicated  that are there more than once
Rows are compared by stream and event time. Exit code 1 when rows are lost or duplicated, objects are missing or have rows in
common, or a store does not answer. Of stores that cannot be asked a line says why.`,
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
    const json = Boolean(values.json);
    if (positionals.length === 0) {
      for (const ledger of await auditGateway(config, { since, streams }))
        writeLine(io, json, ledger, gatewayText(ledger));
    }
    let wrong = 0;
    for await (const { branch, ledgers, unasked, faults } of audit(config, { since, streams, branches: positionals })) {
      if (unasked !== null)
        writeLine(io, json, { branch, unasked }, `${branch}: the store cannot be asked: ${unasked}`);
      if (ledgers.length === 0 && !json) io.stdout.write(`${branch}: no rows on the bus for it\n`);
      for (const ledger of ledgers) {
        if ((ledger.lost ?? 0) > 0 || (ledger.duplicated ?? 0) > 0) wrong++;
        writeLine(io, json, ledger, ledgerText(ledger));
      }
      for (const fault of faults) io.stderr.write(`${branch}: ${fault}\n`);
      wrong += faults.length;
    }
    return wrong > 0 ? EXIT.failure : EXIT.ok;
  },
};

function writeLine(io: Io, json: boolean, value: object, text: string): void {
  io.stdout.write(`${json ? JSON.stringify(value) : text}\n`);
}

function gatewayText({ stream, accepted, bus, spooled, refused, failed }: GatewayLedger): string {
  const letters: [count: number, whose: string][] = [
    [refused, 'of the gateway'],
    [failed, 'of processors'],
  ];
  const said = letters.flatMap(([count, whose]) => (count > 0 ? [`${count} ${whose}`] : []));
  const where = spooled > 0 ? `: ${bus} on the bus, ${spooled} in the spool` : ', on the bus';
  const dead = said.length > 0 ? `; dead letters: ${said.join(', ')}` : '';
  return `gateway  ${printable(stream)}  ${accepted} accepted${where}${dead}`;
}

function ledgerText(ledger: Ledger): string {
  const { branch, bus, waiting, missing, refused, unstorable, overwritten, stored, lost, duplicated, older } = ledger;
  const counts: [count: number | null, what: string][] = [
    [waiting, 'waiting'],
    [missing, 'waiting or lost: this machine does not know the position of the branch'],
    [refused, 'refused'],
    [unstorable, 'that the store cannot hold'],
    [overwritten, 'in whose place there is a later one'],
    [older, 'there that are not on the bus any more'],
  ];
  const asked = stored === null ? [] : [`${stored} stored, ${lost} lost, ${duplicated} duplicated`];
  const parts = [...asked, ...counts.flatMap(([count, what]) => (count ? [`${count} ${what}`] : []))];
  return `${branch}  ${printable(ledger.stream)}  ${bus} on the bus${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`;
}

/** A stream's name is a device's word. */
function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}\ufffd]+/gu, ' ');
}
