import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ensureTopics } from '../../../kafka/topic-admin.js';
import type { BenchCase, BenchContext, VariantRun } from '../../bench-case.js';
import { kafkaSource, uniqueTopic } from '../../kafka/kafka-source.js';
import { quixPython } from './quix-python.js';

/** In the sources: Python is not built. */
const SCRIPT = fileURLToPath(new URL('../../../../bench/peers/quix/quix_peer.py', import.meta.url));
const CASES = { columns: 'columns and filter', join: 'join as-of', tumbling: 'tumbling mean of 1 s' } as const;
const ENTITIES = 50;
const PARTITIONS = 4;
const ROWS_OF_MESSAGE = [1, 20];
const RUN_MS = 300_000;
/** Rows of the left stream. */
const ROWS = { quick: 5_000, single: 100_000, many: 300_000 };
const start = promisify(execFile);

interface QuixResult {
  version: string;
  sent: number;
  rows: number;
  outputRows: number;
  seconds: number;
  cpuSeconds: number;
}

/** What others would do the same with: Quix Streams, a Python library over Kafka, in one process. */
export const quix: BenchCase = {
  name: 'quix',
  summary: 'a peer: Quix Streams (Python) over Kafka: expression and filter, as-of join, tumbling mean, JSON',
  async run(context) {
    const skip = (why: string) => {
      context.log(`quix: SKIPPED: ${why}`);
      return [];
    };
    if (!existsSync(SCRIPT)) return skip('its script is in a clone of the repository alone');
    const installed = await quixPython(context.log);
    if (typeof installed === 'string') return skip(installed);
    const source = await kafkaSource();
    if (typeof source === 'string') return skip(`there is no Kafka to measure with: ${source}`);
    try {
      const runs: VariantRun[] = [];
      for (const name of Object.keys(CASES) as (keyof typeof CASES)[]) {
        for (const rows of ROWS_OF_MESSAGE) {
          context.log(`quix: ${CASES[name]}, ${rows} a message`);
          runs.push(await variant(context, installed.python, source.brokers, name, rows));
        }
      }
      return runs;
    } finally {
      await source.stop();
    }
  },
};

async function variant(
  context: BenchContext,
  python: string,
  brokers: string[],
  name: keyof typeof CASES,
  rowsOfMessage: number,
): Promise<VariantRun> {
  const topic = uniqueTopic();
  const topics = { left: topic, right: `${topic}-right`, output: `${topic}-output` };
  const specs = Object.values(topics).map((each) => {
    return { topic: each, partitions: PARTITIONS, replication: null, configs: {} };
  });
  await ensureTopics({ brokers, tls: null, sasl: null }, { clientId: 'pitwall-bench' }, specs);
  const dir = join(context.dir, 'quix');
  const rows = context.quick ? ROWS.quick : rowsOfMessage === 1 ? ROWS.single : ROWS.many;
  const plan = { ...topics, brokers: brokers.join(','), case: name, rowsOfMessage, rows, entities: ENTITIES, dir };
  try {
    const { stdout } = await start(python, [SCRIPT, JSON.stringify(plan)], {
      timeout: RUN_MS,
      signal: context.signal,
      maxBuffer: 64 * 1024 * 1024,
    });
    const result = JSON.parse(stdout.trim().split('\n').at(-1)!) as QuixResult;
    return {
      name: `quix ${result.version}, ${CASES[name]}, ${rowsOfMessage} row${rowsOfMessage > 1 ? 's' : ''} a message`,
      measures: [
        { metric: 'rows', value: result.rows / result.seconds, unit: 'rows/s' },
        { metric: 'messages', value: result.rows / rowsOfMessage / result.seconds, unit: 'messages/s' },
        { metric: 'CPU a row', value: (result.cpuSeconds * 1e6) / result.rows, unit: 'us' },
        { metric: 'rows read', value: result.rows, unit: 'rows', limits: { sent: result.sent } },
        { metric: 'rows put out', value: result.outputRows, unit: 'rows' },
      ],
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
