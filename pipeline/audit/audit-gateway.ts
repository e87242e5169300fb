import { type BusRecord, TELEMETRY_TOPIC } from '../../bus/bus.js';
import { decodeDeadLetter } from '../../schemas/dead-letter.js';
import { closeAll, openSpool, openTopic } from '../bus-reader.js';
import type { Config } from '../config/config.js';
import { FreshRecords } from '../lanes/fresh-records.js';
import type { AuditOptions } from './audit.js';
import { freshRows } from './fresh-rows.js';
import { letterRecords } from './letter-records.js';

/** What became of what devices sent to a stream. */
export interface GatewayLedger {
  stream: string;
  /** Rows: those on the bus and in the spool. */
  accepted: number;
  /** Of them in the log, or in Kafka. */
  bus: number;
  /** Of them in the spool, which Kafka does not have yet. */
  spooled: number;
  /** Dead letters: messages as a whole, and rows, that the gateway has not accepted, */
  refused: number;
  /** and rows of which a step of a processor made nothing. */
  failed: number;
}

/**
 * What was accepted stands on the bus or in the spool in front of it, by the commit that it was acknowledged after; how
 * much of it is where, and what was not accepted. Spools of other machines are not seen.
 */
export async function auditGateway(
  config: Config,
  { since, streams }: Pick<AuditOptions, 'since' | 'streams'>,
): Promise<GatewayLedger[]> {
  const ledgers = new Map<string, GatewayLedger>();
  const of = (stream: string): GatewayLedger => {
    let ledger = ledgers.get(stream);
    if (!ledger) ledgers.set(stream, (ledger = { stream, accepted: 0, bus: 0, spooled: 0, refused: 0, failed: 0 }));
    return ledger;
  };
  const isWanted = ({ stream }: Pick<BusRecord, 'stream'>) => !streams || streams.matches(stream);
  const sinceUs = 'timeUs' in since ? since.timeUs : 0;

  const repeats = config.bus.kafka !== null;
  const marks = [];
  const bus = await openTopic(config, TELEMETRY_TOPIC);
  try {
    for (const place of bus) {
      const fresh = new FreshRecords(place.bus, [], repeats);
      for await (const { record, rows } of freshRows(place, since, fresh, isWanted))
        of(record.stream).bus += rows.packed.rows;
      marks.push(...fresh.marks);
    }
  } finally {
    await closeAll(bus);
  }
  const spool = openSpool(config, TELEMETRY_TOPIC);
  try {
    for (const place of spool) {
      const fresh = new FreshRecords(place.bus, marks);
      const isLate = (record: BusRecord) => isWanted(record) && record.receivedUs >= sinceUs;
      for await (const { record, rows } of freshRows(place, { start: true }, fresh, isLate))
        of(record.stream).spooled += rows.packed.rows;
    }
  } finally {
    await closeAll(spool);
  }
  for await (const record of letterRecords(config)) {
    if (!isWanted(record) || record.receivedUs < sinceUs) continue;
    const { stage } = decodeDeadLetter(record.value);
    if (stage === 'decode') of(record.stream).refused++;
    if (stage === 'processor') of(record.stream).failed++;
  }
  for (const ledger of ledgers.values()) ledger.accepted = ledger.bus + ledger.spooled;
  return [...ledgers.values()].sort((a, b) => (a.stream < b.stream ? -1 : 1));
}
