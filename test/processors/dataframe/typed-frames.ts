/**
 * What the compiler finds in uses of the dataframe. It is compiled with everything else, so each line below an
 * expectation fails there, and all others pass; the test beside it proves that each of them says what is wrong.
 */
import {
  coalesce,
  col,
  concat,
  count,
  distinct,
  expr,
  last,
  lit,
  max,
  mean,
  min,
  rowFunction,
  type StreamingDataFrame,
  stream,
  sum,
  when,
} from '../../../pipeline/index.js';

/** What is computed by a text is of no known kind. */
// biome-ignore lint/suspicious/noExplicitAny: it is compared
type Learned = any;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function holds<_T extends true>(): void {}
type ColumnsIn<F> = F extends StreamingDataFrame<infer C> ? { [N in keyof C]: C[N] } : never;

const imu = stream('car/{car}/imu', { speed: 'f64', gear: 'i32', tyre: 'utf8', wet: 'bool' });
const gps = stream('car/{car}/gps', { lat: 'f64', lon: 'f64', speed: 'f32' });
const learned = stream('car/{car}/imu');

holds<Same<ColumnsIn<typeof imu>, { speed: number; gear: number; tyre: string; wet: boolean }>>();

// withColumn adds or replaces, with the kind of the expression.
const added = imu
  .withColumn('kmh', col('speed').mul(3.6))
  .withColumn('fast', col('kmh').gt(300).or(col('wet')))
  .withColumn('speed', col('tyre'))
  .withColumn('v', 'anything + 1');
holds<
  Same<
    ColumnsIn<typeof added>,
    { speed: string; gear: number; tyre: string; wet: boolean; kmh: number; fast: boolean; v: Learned }
  >
>();
const several = imu.withColumns({ kmh: col('speed').mul(3.6), name: concat(col('tyre'), '!') });
several.filter(col('kmh').gt(1)).filter(col('name').eq('soft!'));

// select keeps, drop leaves out, filter changes nothing.
const selected = imu.select('gear', 'speed').filter(col('speed').gt(5));
holds<Same<ColumnsIn<typeof selected>, { gear: number; speed: number }>>();
const dropped = imu.drop('tyre', 'wet');
holds<Same<ColumnsIn<typeof dropped>, { speed: number; gear: number }>>();

// A join adds the columns of the other side under their prefix.
const joined = dropped.joinAsOf(gps, { how: 'linear', tolerance: '2s', wait: { us: 500 }, prefix: 'gps_' });
holds<
  Same<ColumnsIn<typeof joined>, { speed: number; gear: number; gps_lat: number; gps_lon: number; gps_speed: number }>
>();

// A join can tell the time of the row it met, and meet every row in a span of time; a table adds its columns but its key.
const timed = dropped.joinAsOf(gps, { how: 'step', channels: { lat: 'linear' }, prefix: 'gps_', time: 'gps_time' });
holds<
  Same<
    ColumnsIn<typeof timed>,
    { speed: number; gear: number; gps_lat: number; gps_lon: number; gps_speed: number; gps_time: number }
  >
>();
const near = dropped.joinInterval(gps, { between: ['-2s', '500ms'], prefix: 'gps_' });
holds<
  Same<ColumnsIn<typeof near>, { speed: number; gear: number; gps_lat: number; gps_lon: number; gps_speed: number }>
>();
const GEARS = [
  { number: 1, name: 'first', racing: false, note: null },
  { number: 2, name: 'second', racing: true, note: 'long' },
];
const looked = dropped.lookup(GEARS, { on: { gear: 'number' }, prefix: 'gear_' });
holds<
  Same<
    ColumnsIn<typeof looked>,
    { speed: number; gear: number; gear_name: string; gear_racing: boolean; gear_note: string }
  >
>();
learned.lookup(GEARS, { on: 'number' }).filter(col('racing'));

// A window has its end and the aggregates, a rolling step adds them, and so do steps that say how a row came about.
const windows = imu.window({ cut: col('gear') }).aggregate({
  n: count(),
  vmax: max(col('speed').mul(3.6)),
  span: max('speed').sub(min('speed')),
  tyre: last('tyre'),
  share: sum('wet').div(count()),
  text: 'mean(speed)',
});
holds<
  Same<
    ColumnsIn<typeof windows>,
    { windowEndUs: number; n: number; vmax: number; span: number; tyre: string; share: number; text: Learned }
  >
>();
const rolled = dropped.rolling('10s', { speed_10s: mean('speed'), gears: distinct('gear') });
holds<Same<ColumnsIn<typeof rolled>, { speed: number; gear: number; speed_10s: number; gears: number }>>();
const even = dropped.resample({ every: '50ms', channels: { gear: 'step' } }).sort({ lateness: '2s' });
holds<
  Same<
    ColumnsIn<typeof even>,
    { speed: number; gear: number; samples: number; interpolated: boolean; backfill: boolean }
  >
>();
imu.fill({ speed: 'linear', gear: 0, tyre: { value: 'last' }, wet: false }).window({ rows: 5 });
const counted = learned.window({ hopping: { size: '10s', step: '1s' }, emit: 'update' }).aggregate({ n: count('x') });
holds<Same<ColumnsIn<typeof counted>, { windowEndUs: number; n: number }>>();

// A function sees the cells of a row, and adds or replaces columns, or says whether the row stays.
const mapped = dropped.map((row) => (row.gear === null ? false : { up: row.gear > 3, gear: `gear ${row.gear}` }));
holds<Same<ColumnsIn<typeof mapped>, { speed: number; gear: string; up: boolean }>>();
const filtered = dropped.map(({ speed }) => speed !== null && speed > 5);
holds<Same<ColumnsIn<typeof filtered>, { speed: number; gear: number }>>();
const split = dropped.map(({ timeUs, speed }) => [{ half: (speed ?? 0) / 2 }, { timeUs, half: null }]);
holds<Same<ColumnsIn<typeof split>, { speed: number; gear: number; half: number }>>();
const made = imu.map(rowFunction({ columns: { up: 'bool' }, row: ({ gear }) => ({ up: gear > 3 }) }));
made.filter(col('up').and(col('anything').gt(1)));

// Expressions of every kind.
imu
  .filter(col('tyre').isIn('soft', 'hard').and(col('gear').notIn(0, 1)))
  .filter(col('tyre').isNotNull().and(col('speed').isNull().not()))
  .filter(col('wet'))
  .filter(col('speed').eq(col('gear')).or(col('tyre').lt('m')))
  .filter(col('tyre').upper().startsWith('S'))
  .withColumn('x', when(col('wet'), col('speed'), 0).pow(2))
  .withColumn('y', when(col('wet'), col('tyre'), 'dry').length())
  .withColumn('z', lit(1).sub(coalesce(col('speed'), col('x'), 0)))
  .withColumn('t', col('timeUs').div(1e6))
  .withColumn('u', expr('speed * 2').sub(col('y')))
  .select('x', 'y', 'z', 't', 'u');

// Columns that are not known may have any name and kind, until select names them.
learned.filter(col('anything').gt(5)).withColumn('a', col('b').mul(2)).filter(col('c').contains('x')).drop('d');
learned.joinAsOf(gps).filter(col('e').gt(1));
const named = learned.select('ax', 'ay');
named.filter(col('ax').gt(1));

// @ts-expect-error: the column is called speed
imu.withColumn('kmh', col('sped').mul(3.6));
// @ts-expect-error: a text cannot be multiplied
imu.withColumn('x', col('tyre').mul(2));
// @ts-expect-error: there is no column kmh yet
imu.filter(col('kmh').gt(5));
// @ts-expect-error: a number is no condition
imu.filter(col('speed').mul(2));
// @ts-expect-error: nor is a column of numbers
imu.filter(col('speed'));
// @ts-expect-error: a number is not compared with a text
imu.filter(col('speed').gt('fast'));
// @ts-expect-error: a text is not compared with a number
imu.filter(col('tyre').eq(5));
// @ts-expect-error: a text column is not added to a number
imu.withColumn('x', col('speed').add(col('tyre')));
// @ts-expect-error: there is no such column to keep
imu.select('speed', 'gaer');
// @ts-expect-error: nor to drop
imu.drop('gaer');
// @ts-expect-error: it has been dropped
dropped.filter(col('wet'));
// @ts-expect-error: it has not been selected
selected.filter(col('wet'));
// @ts-expect-error: select has said which columns there are
named.filter(col('az').gt(1));
// @ts-expect-error: both sides have a column speed
imu.joinAsOf(gps);
// @ts-expect-error: both sides have a column speed, whatever else is said
imu.joinAsOf(gps, { how: 'linear' });
// @ts-expect-error: the joined columns have a prefix
joined.filter(col('lat').gt(1));
// @ts-expect-error: there is no such way to join
dropped.joinAsOf(gps, { how: 'sideways', prefix: 'gps_' });
// @ts-expect-error: a duration has a unit
dropped.joinAsOf(gps, { tolerance: '2 seconds', prefix: 'gps_' });
// @ts-expect-error: an option of that name does not exist
dropped.joinAsOf(gps, { tolerence: '2s', prefix: 'gps_' });
// @ts-expect-error: there is no such type of column
stream('car/{car}/imu', { speed: 'float' });
// @ts-expect-error: an aggregate has no value for each row
imu.withColumn('x', mean('speed'));
// @ts-expect-error: nor has what is computed from one
imu.withColumn('x', col('speed').sub(mean('speed')));
// @ts-expect-error: a column of texts has no mean
mean(col('tyre').upper());
// @ts-expect-error: a condition has two values of one kind
when(col('wet'), 1, 'dry');
// @ts-expect-error: a window needs a kind
imu.window({ grace: '1s' });
// @ts-expect-error: and no more than one
imu.window({ tumbling: '1s', rows: 5 });
// @ts-expect-error: a bare column has a value for each row
imu.window({ rows: 5 }).aggregate({ v: col('speed') });
// @ts-expect-error: there is no column sped to aggregate
imu.window({ rows: 5 }).aggregate({ v: mean('sped') });
// @ts-expect-error: texts have no mean
imu.rolling('10s', { v: mean('tyre') });
// @ts-expect-error: the rows of a window have its columns only
windows.filter(col('speed').gt(1));
// @ts-expect-error: aggregates are over rows, not over aggregates
mean(mean('speed'));
// @ts-expect-error: a column of numbers is not filled with a text
imu.fill({ speed: 'nothing' });
// @ts-expect-error: there is no such channel
imu.resample({ every: '50ms', channels: { heading: 'angle' } });
// @ts-expect-error: a cell may be null
dropped.map((row) => row.gear > 3);
// @ts-expect-error: the row has no column sped
dropped.map((row) => row.sped !== null);
// @ts-expect-error: the function has made a text of it
mapped.filter(col('gear').gt(3));
// @ts-expect-error: cells are numbers, truth values and texts
dropped.map(() => ({ when: new Date() }));
// @ts-expect-error: there is no channel of that name on the other side
dropped.joinAsOf(gps, { how: 'linear', channels: { heading: 'angle' }, prefix: 'gps_' });
// @ts-expect-error: a join by interval needs its interval
dropped.joinInterval(gps, { prefix: 'gps_' });
// @ts-expect-error: the table has no such column
dropped.lookup(GEARS, { on: { gear: 'nmber' } });
// @ts-expect-error: nor have the rows
dropped.lookup(GEARS, { on: { geer: 'number' } });
// @ts-expect-error: the key of the table is not added
looked.filter(col('gear_number').gt(1));
// @ts-expect-error: the rows have a column speed
dropped.lookup([{ gear: 1, speed: 5 }], { on: 'gear' });
