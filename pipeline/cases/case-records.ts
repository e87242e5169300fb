import { field, Schema } from '../../columnar/schema.js';
import { PitwallError } from '../../core/errors.js';
import { suggestion } from '../../core/suggest.js';
import { JsonDecoder } from '../../gateway/decoders/json.js';
import type { GatewayStore } from '../../gateway/gateway-store.js';
import { type OpenStream, StreamDirectory } from '../../gateway/stream-directory.js';
import { GraphChain } from '../../processors/grouping/graph-chain.js';
import type { InputRecord } from '../../processors/partition-graph.js';
import type { ProcessorPlan } from '../../processors/plan.js';
import { RECEIVE_STEP_US_MAX } from '../../processors/receive-clock.js';
import { stepInputs } from '../../processors/verbs/verbs.js';
import { pack } from '../../schemas/data-block.js';
import { encodePacked, forBus } from '../../schemas/packed-batch.js';
import { readPacked } from '../../schemas/read-packed.js';
import type { Config } from '../config/config.js';
import type { Problems } from '../config/problems.js';
import { Tagger } from '../lanes/tagger.js';
import type { ProcessorCase } from './case-file.js';
import type { CaseRow, CaseRows } from './case-rows.js';
import { CASE_EPOCH_US } from './case-time.js';

/** A gateway's memory of streams, empty as in a new installation. */
const NOTHING_LEARNED: Pick<GatewayStore, 'fact' | 'schema'> = { fact: () => undefined, schema: () => undefined };
/** No row of a case says its time in another way. */
const TIME = { field: 't', unit: 'us' } as const;

/**
 * The records that a case gives, as the gateway would put them on the bus: types learned from the cells as from JSON, the
 * entity keys and tags of the configuration. Receive time passes with `pass` alone, in ticks. Null when some of it
 * cannot be taken, which is reported.
 */
export function caseRecords(
  { plans, options, given, processor }: ProcessorCase,
  config: Config,
  problems: Problems,
): InputRecord[] | null {
  const graph = new GraphChain(plans, 1, options);
  const directory = new StreamDirectory(
    NOTHING_LEARNED as GatewayStore,
    config.streams,
    config.gateway.undeclared === 'accept',
  );
  const tagger = new Tagger(
    config.streams.map(({ pattern }) => pattern.text),
    ['#'],
  );
  const records: InputRecord[] = [];
  let receivedUs = CASE_EPOCH_US;
  for (const event of given) {
    if ('passUs' in event) {
      for (let leftUs = event.passUs; leftUs > 0; leftUs -= RECEIVE_STEP_US_MAX) {
        receivedUs += Math.min(leftUs, RECEIVE_STEP_US_MAX);
        records.push({ ...TICK, offset: records.length, receivedUs });
      }
      continue;
    }
    const { name, offset } = event.rows.stream!;
    if (!graph.wants(name)) {
      const near = suggestion(name, streamsLike(name, plans));
      problems.error(offset, `neither ${processor} nor what it reads takes the stream "${name}"${near}`);
      continue;
    }
    const stream = open(directory, name, offset, problems);
    if (!stream || !append(stream, event.rows, problems)) continue;
    for (let batch = stream.builder.close(); batch; batch = stream.builder.close()) {
      const { schema } = batch;
      const packed = readPacked(encodePacked(forBus(pack(batch), schema.fingerprint)));
      const tags = tagger.tags(name) ?? {};
      records.push({
        offset: records.length,
        kind: 'data',
        key: stream.key,
        stream: name,
        receivedUs,
        tags,
        packed,
        schema,
      });
    }
  }
  return problems.hasErrors ? null : records;
}

const TICK: InputRecord = {
  offset: 0,
  kind: 'tick',
  key: '',
  stream: '',
  receivedUs: 0,
  tags: {},
  packed: null,
  schema: null,
};
const decoder = new JsonDecoder();

function open(directory: StreamDirectory, name: string, at: number, problems: Problems): OpenStream | null {
  try {
    return directory.get(name);
  } catch (error) {
    if (!(error instanceof PitwallError)) throw error;
    problems.error(at, error.message);
    return null;
  }
}

/** One record's rows; false, with the fault reported, when the gateway would refuse some of them. */
function append({ builder, name }: OpenStream, { rows }: CaseRows, problems: Problems): boolean {
  let isGood = true;
  for (const row of rows) {
    learnFractions(row, builder);
    const cells = Object.fromEntries([...row.cells].map(([column, { value }]) => [column, value]));
    try {
      decoder.decodeValue([{ ...cells, [TIME.field]: row.timeUs }], builder, {
        receivedUs: 0,
        time: TIME,
        refuseRow({ reason, column }) {
          isGood = false;
          const cell = row.cells.get(column ?? '') ?? row.cells.get(column?.split('.')[0] ?? '');
          problems.error(cell?.offset ?? row.offset, `the gateway would refuse this row of ${name}: ${reason}`);
        },
      });
    } catch (error) {
      if (!(error instanceof PitwallError)) throw error;
      problems.error(row.offset, `the gateway would refuse this record: it ${error.message}`);
      return false;
    }
  }
  return isGood;
}

/** What is written with a point is f64 from its first cell on, as from a device that declares its columns. */
function learnFractions(row: CaseRow, builder: OpenStream['builder']): void {
  for (const [column, { isFraction }] of row.cells) {
    const type = builder.typeOf(column);
    if (isFraction && (type === null || type === 'i64')) builder.learn(new Schema([field(column, 'f64')]));
  }
}

/** Streams with the levels of `name` that the processors read. */
function streamsLike(name: string, plans: readonly ProcessorPlan[]): string[] {
  const levels = name.split('/');
  const inputs = plans.flatMap((plan) => [...plan.from, ...stepInputs(plan).map(({ input }) => input)]);
  return inputs.flatMap((input) => {
    if (!('pattern' in input)) return [];
    const parts = input.pattern.split('/');
    if (parts.at(-1) === '#' || parts.length !== levels.length) return [];
    return [parts.map((part, i) => (/^(\+|\{.*\})$/.test(part) ? levels[i]! : part)).join('/')];
  });
}
