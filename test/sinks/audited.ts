import { Account, type Ledger } from '../../pipeline/audit/account.js';
import { askStore } from '../../pipeline/audit/ask-store.js';
import { DueLedger } from '../../pipeline/audit/due-ledger.js';
import type { Auditor } from '../../sinks/auditor.js';
import type { SinkBatch } from '../../sinks/sink.js';

export interface Audited {
  /** By stream. */
  ledgers: Map<string, Ledger>;
  faults: string[];
}

/** What the audit says of a store that was fed these records, all of which it has passed. `streams`: of these alone. */
export async function audited(
  auditor: Auditor,
  records: readonly SinkBatch[],
  streams: readonly string[] | null = null,
): Promise<Audited> {
  const due = new DueLedger(auditor);
  for (const record of records) if (record.batch.rows > 0) due.add(record, 'passed');
  const accounts = [...due.settle()]
    .filter(([stream]) => streams === null || streams.includes(stream))
    .map(([stream, rows]) => new Account('under-test', stream, rows));
  const faults = await askStore(auditor, accounts, new Map(), streams === null);
  return { ledgers: new Map(accounts.map(({ ledger }) => [ledger.stream, ledger])), faults };
}

/** Of all streams, what is not as it should be; without faults of any kind it is empty. */
export function wrongOf({ ledgers, faults }: Audited): object[] {
  const wrong = [...ledgers.values()].flatMap(({ stream, bus, overwritten, unstorable, stored, lost, duplicated }) => {
    const isRight = stored === bus - overwritten - unstorable && lost === 0 && duplicated === 0;
    return isRight ? [] : [{ stream, lost, duplicated }];
  });
  return [...wrong, ...faults.map((fault) => ({ fault }))];
}
