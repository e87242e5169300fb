import type { BenchContext, Measure } from '../bench-case.js';
import { Load } from '../load/load.js';
import type { LoadCounts, LoadPlan } from '../load/load-plan.js';
import { latencyMeasures, pause, processMeasures, rowMeasures, runGateway } from './run-gateway.js';

export interface SteadyLoad {
  /** The plan for the gateway's ports. */
  plan(ports: { mqtt: number; http: number }): LoadPlan;
  rowsPerMessage: number;
  /** The case's own numbers, from the counts of the measured seconds. */
  measures(counts: LoadCounts): Measure[];
}

/**
 * A gateway without sinks under as much load as it takes: warm-up, measured seconds, and the count of what was stored.
 */
export function steadyLoad(context: BenchContext, { plan, rowsPerMessage, measures }: SteadyLoad): Promise<Measure[]> {
  const { signal, quick } = context;
  return runGateway(context, '', async (gateway) => {
    const load = await Load.start(plan({ mqtt: gateway.mqttPort, http: gateway.httpPort }));
    try {
      load.go();
      await pause(quick ? 0.3 : 2, signal);
      await gateway.metrics();
      const before = await load.mark();
      const cpuBefore = gateway.sampler.cpuSeconds();
      await pause(quick ? 1 : 6, signal);
      const counts = await load.mark();
      const cpuSeconds = gateway.sampler.cpuSeconds() - cpuBefore;
      const loopDelay = (await gateway.metrics()).get('pitwall_event_loop_delay_p99_seconds') ?? 0;
      load.stop();
      const { counts: after, sent } = await load.done;
      const acknowledged = before.acknowledged + counts.acknowledged + after.acknowledged;
      return [
        ...measures(counts),
        ...latencyMeasures([counts]),
        ...processMeasures(gateway, loopDelay, cpuSeconds),
        ...(await rowMeasures(gateway, sent, acknowledged * rowsPerMessage)),
      ];
    } finally {
      await load.kill();
    }
  });
}
