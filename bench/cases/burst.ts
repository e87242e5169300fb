import type { BenchCase } from '../bench-case.js';
import { diskBytesPerSecond } from '../disk-ceiling.js';
import { Load } from '../load/load.js';
import type { IngestPlan } from '../load/load-plan.js';
import { latencyMeasures, pause, processMeasures, rowMeasures, runGateway } from './run-gateway.js';

/** A car: 10,000 rows of 50 float32 channels a second, in frames of 100 ms. */
const ROWS = 1000;
const COLUMNS = 50;
const STEP_US = 100;
const FRAMES_PER_SECOND = 10;
/** How many times faster than live the kept data is offered. */
const SPEEDUP = 60;
const FIRST_US = Date.UTC(2024, 0, 1) * 1000;
const SINK = 'sinks: { files: { type: file, from: "#", path: ./out, format: parquet } }\n';

/**
 * Cars drive at their nominal rate; then each sends what it kept, five minutes of data offered in five seconds, while
 * its live data goes on over a connection of its own.
 */
export const burst: BenchCase = {
  name: 'burst',
  summary:
    'cars of 500,000 values/s each, then five minutes of kept data in five seconds beside the live data; a Parquet sink behind',
  async run(context) {
    const { signal, quick, dir } = context;
    const cars = quick ? 1 : 2;
    const keptSeconds = quick ? 30 : 300;
    const ceiling = diskBytesPerSecond(dir, quick ? 0.3 : 2);
    const plan = (kind: string, port: number, more: Partial<IngestPlan>, startUs: number): IngestPlan => ({
      kind: 'ingest',
      port,
      connections: Array.from({ length: cars }, (_, i) => ({
        client: `${kind}-${i + 1}`,
        stream: `car/${i + 1}/raw`,
        firstUs: startUs,
      })),
      rows: ROWS,
      columns: COLUMNS,
      stepUs: STEP_US,
      frames: null,
      framesPerSecond: FRAMES_PER_SECOND,
      ...more,
    });
    const measures = await runGateway(context, SINK, async (gateway) => {
      const keptFrames = keptSeconds * FRAMES_PER_SECOND;
      const port = gateway.httpPort;
      const live = await Load.start(plan('live', port, {}, FIRST_US + keptSeconds * 1e6));
      let kept: Load | null = null;
      try {
        const more = { frames: keptFrames, framesPerSecond: FRAMES_PER_SECOND * SPEEDUP };
        kept = await Load.start(plan('kept', port, more, FIRST_US));
        live.go();
        await pause(quick ? 0.5 : 3, signal);
        const quiet = await live.mark();
        await gateway.metrics();
        const cpuBefore = gateway.sampler.cpuSeconds();
        context.log('burst: sending what was kept');
        kept.go();
        const { counts, sent } = await kept.done;
        const beside = await live.mark();
        const loopDelay = (await gateway.metrics()).get('pitwall_event_loop_delay_p99_seconds') ?? 0;
        live.stop();
        const end = await live.done;
        context.log('burst: waiting for the sink');
        const rows = [...sent, ...end.sent].reduce((sum, range) => sum + range.rows, 0);
        const drainMs = performance.now();
        await gateway.lanesHaveRead(rows, signal);
        const cpuSeconds = gateway.sampler.cpuSeconds() - cpuBefore;
        await gateway.stop();
        const drainSeconds = (performance.now() - drainMs) / 1000;
        const acknowledged = [quiet, beside, end.counts, counts].reduce((sum, part) => sum + part.acknowledged, 0);
        const values = counts.acknowledged * ROWS * COLUMNS;
        const offered = cars * keptFrames * ROWS * COLUMNS;
        return [
          {
            metric: 'values absorbed durably',
            value: values / counts.seconds,
            unit: 'values/s',
            limits: { offered: offered / (keptSeconds / SPEEDUP), diskCeiling: ceiling / 4, goal: 40e6 },
          },
          { metric: 'burst', value: counts.seconds, unit: 's', limits: { offered: keptSeconds / SPEEDUP } },
          ...latencyMeasures([counts]),
          ...latencyMeasures([beside], 'live '),
          ...latencyMeasures([quiet], 'live before '),
          { metric: 'drained into the Parquet sink after', value: drainSeconds, unit: 's' },
          ...processMeasures(gateway, loopDelay, cpuSeconds),
          ...(await rowMeasures(gateway, [...sent, ...end.sent], acknowledged * ROWS)),
        ];
      } finally {
        await live.kill();
        await kept?.kill();
      }
    });
    return [{ name: `burst, ${cars} car${cars > 1 ? 's' : ''}`, measures }];
  },
};
