import { partitionOf } from '../core/partitioner.js';
import { suggest, suggestion } from '../core/suggest.js';
import type { Page } from '../gateway/listeners/http-listener.js';
import { processorOf } from '../processors/grouping/split-groups.js';
import type { Config } from './config/config.js';
import { type ProcessorLaneSpec, STATE_BYTES_MAX, type StateAnswer, type StateQuery } from './lanes/lane.js';

/** Lanes answer between their steps. */
const ANSWER_MS = 5_000;
/** Questions at a time: each takes a moment from the lanes. */
const QUESTIONS_MAX = 4;

/** The lanes of this process; null where it runs none. */
export interface StateSource {
  inspect(query: StateQuery, isWanted: (spec: ProcessorLaneSpec) => boolean): Promise<(StateAnswer | null)[]>;
  /** Partitions that it reads. */
  readonly owned: readonly number[];
}

/**
 * `GET /state/{processor}/{key}`: what the steps of a processor hold for an entity, as JSON. Lanes decode it, in their
 * threads; here it is only passed on.
 */
export class StatePage {
  private open = 0;

  constructor(
    private readonly config: Config,
    private readonly source: StateSource | null,
  ) {}

  /** `rest`: `PROCESSOR/KEY`, percent-encoded or not. */
  async get(rest: string): Promise<Page> {
    if (this.open >= QUESTIONS_MAX) return refusal(503, `${QUESTIONS_MAX} questions are open; ask again in a moment`);
    this.open++;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Page>((resolve) => {
      timer = setTimeout(() => resolve(refusal(503, 'the lanes do not answer; see /health')), ANSWER_MS);
    });
    try {
      return await Promise.race([this.answer(rest), late]);
    } finally {
      clearTimeout(timer);
      this.open--;
    }
  }

  private async answer(rest: string): Promise<Page> {
    const query = queryOf(rest);
    if (query === null) return refusal(400, 'the path is not percent-encoded UTF-8');
    const { processor, key } = query;
    const names = this.config.processors.map(({ plan }) => plan.name);
    if (!names.includes(processor)) {
      return refusal(404, `there is no processor "${processor}"${suggestion(processor, names, 'there are')}`);
    }
    if (key === '') return refusal(404, `name an entity, as in /state/${processor}/car/44`);
    if (!this.source) return refusal(404, 'this process runs no processors; ask one of role process');
    const partition = partitionOf(key, this.config.bus.log.partitions);
    if (!this.source.owned.includes(partition)) return this.elsewhere(query, partition);
    const has = (spec: ProcessorLaneSpec) => spec.plans.some(({ name }) => processorOf(name) === processor);
    const answers = await this.source.inspect(query, (spec) => has(spec) && spec.partition === partition);
    const found = answers.flatMap((answer) => (answer !== null && answer.bytes > 0 ? [answer] : []));
    if (found.length > 0) return page(found, query);
    if (answers.length === 0 || answers.includes(null)) {
      return refusal(503, `the processors of partition ${partition} are not open; see /health`);
    }
    const others = await this.source.inspect(query, (spec) => has(spec) && spec.partition !== partition);
    const near = suggest(
      key,
      [...answers, ...others].flatMap((answer) => answer?.near ?? []),
    );
    return refusal(404, `${processor} holds nothing of "${key}"${near === null ? '' : `; did you mean "${near}"?`}`);
  }

  private elsewhere({ key }: StateQuery, partition: number): Page {
    const owned = this.source!.owned.join(', ') || 'none';
    return refusal(404, `"${key}" is in partition ${partition}, which another process owns; this one owns ${owned}`);
  }
}

/** Several answers: the streams of the entity are in several topics, or a group step has keys like those of entities. */
function page(found: readonly StateAnswer[], { processor, key }: StateQuery): Page {
  const bytes = found.reduce((sum, answer) => sum + answer.bytes, 0);
  if (bytes > STATE_BYTES_MAX) {
    return refusal(
      413,
      `what ${processor} holds of "${key}" is ${bytes} bytes long, where ${STATE_BYTES_MAX} are shown`,
    );
  }
  const texts = found.map(({ json }) => json);
  const body = texts.length === 1 ? `${texts[0]}\n` : `[${texts.join(',\n')}]\n`;
  return { status: 200, contentType: 'application/json', body };
}

function queryOf(rest: string): StateQuery | null {
  try {
    const [processor, ...key] = rest.split('/').map(decodeURIComponent);
    return { processor: processor!, key: key.join('/') };
  } catch {
    return null;
  }
}

function refusal(status: number, error: string): Page {
  return { status, contentType: 'application/json', body: `${JSON.stringify({ error })}\n` };
}
