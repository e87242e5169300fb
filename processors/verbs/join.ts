import { Schema } from '../../columnar/schema.js';
import { suggest } from '../../core/suggest.js';
import { Join } from '../joining/join.js';
import { isChannelHow, waysOf } from '../joining/join-options.js';
import { joinedSchema } from '../joining/joined-schema.js';
import { CHANNEL_HOWS, JOIN_HOWS, type JoinHow, type JoinStep } from '../plan.js';
import type { AddFault, Path } from '../plan-fault.js';
import { requireColumn } from './check-expression.js';
import type { Verb } from './verb.js';

const HOWS: readonly JoinHow[] = JOIN_HOWS.filter((how) => how !== 'interval');
/** Ways in which a row that leaves stands beside one right row. */
const ONE_ROW: readonly JoinHow[] = ['backward', 'nearest', 'forward', 'interval'];

/** Puts the rows of another stream of the same entity beside each row. */
export const join: Verb<JoinStep> = {
  check(step, left, { path, schemaOf, fault }) {
    const right = schemaOf(step.with);
    if (!JOIN_HOWS.includes(step.how)) {
      const listed = `${HOWS.slice(0, -1).join(', ')} and ${HOWS.at(-1)}`;
      fault([...path, 'how'], `${step.how} is not a way to join; ${listed} are`, null, suggest(step.how, HOWS));
    }
    if (!isSpan(step.waitUs)) {
      fault([...path, 'wait'], 'a join needs to know how long a row may wait for the right side, as in wait: 5s');
    }
    if (step.toleranceUs !== null && !(step.toleranceUs >= 0))
      fault([...path, 'tolerance'], 'the tolerance is negative');
    checkBetween(step, path, fault);
    checkChannels(step, right, path, fault);
    checkGap(step, path, fault);
    if (step.time !== undefined) checkTime(step, step.time, path, fault);
    if (!left || !right) return null;
    const joined = joinedSchema(step, left, right);
    if (joined instanceof Schema) return joined;
    const { clash } = joined;
    if (clash === step.time) fault([...path, 'time'], `column ${clash} exists beside the time of the right row`);
    else {
      const instead = step.prefix === '' ? 'a prefix' : 'another prefix';
      fault([...path, 'prefix'], `column ${clash} exists on both sides of the join; give the join ${instead}`);
    }
    return null;
  },

  compile(step, context) {
    return { join: new Join(step, context), right: step.with };
  },

  inputs: (step) => [{ input: step.with, path: ['with'] }],

  waitUs: (step) => step.waitUs,
};

function checkBetween(step: JoinStep, path: Path, fault: AddFault): void {
  const { between, how, toleranceUs } = step;
  const at = [...path, 'between'];
  if ((between !== undefined) !== (how === 'interval')) {
    fault(at, 'between says which right rows are met in a join by interval, and in no other');
  }
  if (!between || how !== 'interval') return;
  const { fromUs, toUs } = between;
  if (!Number.isFinite(fromUs) || !Number.isFinite(toUs) || fromUs > toUs) {
    fault(at, 'between needs two durations, the earlier one first, as in between: [-2s, 500ms]');
  }
  if (toleranceUs !== null) fault([...path, 'tolerance'], 'a tolerance says nothing beside between');
}

function checkChannels({ how, channels }: JoinStep, right: Schema | null, path: Path, fault: AddFault): void {
  if (!channels) return;
  const at = [...path, 'channels'];
  if (!isChannelHow(how))
    fault(at, `columns are met one by one only in a join by linear, step or angle, not by ${how}`);
  for (const [name, each] of Object.entries(channels)) {
    if (!CHANNEL_HOWS.includes(each)) {
      fault([...at, name], `${each} is not a way to meet a channel; linear, step and angle are`);
    }
    if (right) requireColumn(right, name, [...at, name], fault);
  }
}

function checkGap(step: JoinStep, path: Path, fault: AddFault): void {
  if (step.maxGapUs === undefined) return;
  const at = [...path, 'maxGap'];
  if (!isSpan(step.maxGapUs)) fault(at, 'the gap is not a duration such as 1s');
  else if (!waysOf(step).blends) fault(at, 'a gap says nothing where no column is joined linear or angle');
}

function checkTime({ how }: JoinStep, name: string, path: Path, fault: AddFault): void {
  const at = [...path, 'time'];
  if (name === '') fault(at, 'a column needs a name');
  if (name === 'timeUs') fault(at, 'timeUs is the time of the row and cannot be replaced');
  if (!ONE_ROW.includes(how)) fault(at, `what is joined ${how} stands between two right rows and has no single time`);
}

function isSpan(us: number): boolean {
  return us >= 0 && Number.isFinite(us);
}
