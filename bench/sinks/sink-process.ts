import { once } from 'node:events';
import { drive } from './sink-driver.js';
import { SinkRecords } from './sink-records.js';
import { type Pass, subjectOf } from './subject.js';

/**
 * A child process that writes into one store, by a sink or by a bare client. Its pass is its argument; it says that it is
 * ready, waits for a word, and gives its result over IPC.
 */
export interface PassResult {
  seconds: number;
  cpuSeconds: number;
  /** As sent, packed or not; 0 where it is not known. */
  bytes: number;
}

interface Work {
  warm(): Promise<unknown>;
  write(): Promise<number>;
  close(): Promise<void>;
}

async function workOf(pass: Pass): Promise<Work> {
  const subject = await subjectOf(pass.store);
  if (pass.side !== 'sink') return subject.bare(pass);
  const sink = await subject.sink(pass);
  const records = new SinkRecords(pass.recordRows);
  return {
    async warm() {
      await sink.open();
      await drive(sink, records, 0, pass.warmRecords);
    },
    async write() {
      await drive(sink, records, pass.warmRecords, pass.records);
      return 0;
    },
    close: () => sink.close(),
  };
}

const work = await workOf(JSON.parse(process.argv[2]!) as Pass);
await work.warm();
const go = once(process, 'message');
process.send!('ready');
await go;
const cpu = process.cpuUsage();
const startMs = performance.now();
const bytes = await work.write();
const seconds = (performance.now() - startMs) / 1000;
const { user, system } = process.cpuUsage(cpu);
await work.close();
const result: PassResult = { seconds, cpuSeconds: (user + system) / 1e6, bytes };
process.send!(result, () => process.disconnect());
