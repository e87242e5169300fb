import { LatencyHistogram } from '../../devices/senders/latency-histogram.js';
import { IngestPublisher } from './ingest-publisher.js';
import type { FromLoad, LoadCounts, LoadPlan, ToLoad } from './load-plan.js';
import { MqttPublisher } from './mqtt-publisher.js';
import type { Publisher, Tally } from './publisher.js';

/** A child process that sends by a plan (its argument, as JSON) and is told over IPC when to begin, mark and stop. */
const plan = JSON.parse(process.argv[2]!) as LoadPlan;
const tally: Tally = { messages: 0, rows: 0, bytes: 0, acknowledged: 0, rejected: 0, latency: new LatencyHistogram() };
let sinceMs = performance.now();

function publishers(): Publisher[] {
  if (plan.kind === 'mqtt') return plan.connections.map((place) => new MqttPublisher(plan, place, tally));
  return plan.connections.map((place) => new IngestPublisher(plan, place, tally));
}

function takeCounts(): LoadCounts {
  const { latency, ...counts } = tally;
  const now = performance.now();
  const taken = { ...counts, seconds: (now - sinceMs) / 1000, latency: latency.toJSON() };
  Object.assign(tally, {
    messages: 0,
    rows: 0,
    bytes: 0,
    acknowledged: 0,
    rejected: 0,
    latency: new LatencyHistogram(),
  });
  sinceMs = now;
  return taken;
}

const tell = (message: FromLoad) => process.send!(message);

async function main(): Promise<void> {
  const all = publishers();
  await Promise.all(all.map((publisher) => publisher.connect()));
  process.on('message', (message: ToLoad) => {
    if (message.type === 'mark') tell({ type: 'marked', counts: takeCounts() });
    else if (message.type === 'stop') for (const publisher of all) publisher.stop();
    else {
      sinceMs = performance.now();
      for (const publisher of all) publisher.start();
    }
  });
  tell({ type: 'ready' });
  await Promise.all(all.map((publisher) => publisher.done));
  tell({ type: 'done', counts: takeCounts(), sent: all.map((publisher) => publisher.sent) });
}

// Without its parent there is nobody to send for.
process.on('disconnect', () => process.exit());
main()
  .catch((error: Error) => tell({ type: 'failed', reason: error.message }))
  .finally(() => setTimeout(() => process.disconnect(), 50));
