import fc from 'fast-check';
import type { ChannelHow, JoinStep } from '../../processors/plan.js';

const MS = 1000;

const common = {
  verb: fc.constant('join' as const),
  with: fc.constant({ pattern: 'car/{car}/position/gps' }),
  toleranceUs: fc.constantFrom(null, 0, 200 * MS, 2000 * MS),
  waitUs: fc.constantFrom(0, 100 * MS, 700 * MS, 5000 * MS),
  keep: fc.constantFrom('inner' as const, 'left' as const),
  prefix: fc.constant('r_'),
};
const late = fc.option(fc.constantFrom('count' as const, 'correct' as const, 'stream' as const), { nil: undefined });
const time = fc.option(fc.constant('r_at'), { nil: undefined });
const channel: fc.Arbitrary<ChannelHow> = fc.constantFrom('linear', 'step', 'angle');

const oneRow: fc.Arbitrary<JoinStep> = fc.record({
  ...common,
  how: fc.constantFrom('backward', 'nearest', 'forward'),
  late,
  time,
});
const byChannel: fc.Arbitrary<JoinStep> = fc.record({
  ...common,
  how: channel,
  late,
  channels: fc.option(
    fc.dictionary(fc.constantFrom('speed', 'gear', 'wet', 'name', 'late', 'heading'), channel, { maxKeys: 4 }),
    { nil: undefined },
  ),
  maxGapUs: fc.option(fc.constantFrom(0, 150 * MS, 600 * MS), { nil: undefined }),
});
const interval: fc.Arbitrary<JoinStep> = fc.record({
  ...common,
  how: fc.constant('interval' as const),
  toleranceUs: fc.constant(null),
  late,
  time,
  between: fc
    .constantFrom([0, 0], [-200, 100], [-1500, -300], [50, 400], [-400, 900])
    .map(([from, to]) => ({ fromUs: from! * MS, toUs: to! * MS })),
});

/** Every way to join, with the options that may stand beside it. */
export const joinStep: fc.Arbitrary<JoinStep> = fc.oneof(oneRow, byChannel, interval);
