import assert from 'node:assert/strict';
import { type GatewayProcess, pitwall } from './gateway-process.js';

const START = '2024-05-01T12:00:00Z';

/** Two fleets, each by a protocol that stores nothing twice. */
export const FLEETS = [
  { prefix: 'car', cars: 3, to: (gateway: GatewayProcess) => `ws://${gateway.http}/ingest`, args: [] },
  { prefix: 'truck', cars: 2, to: (gateway: GatewayProcess) => `mqtt://${gateway.mqtt}`, args: ['--qos', '2'] },
];

/** What a fleet's own summary says. */
export interface FleetReport {
  messages: number;
  acknowledged: number;
  rejected: number;
  rows: number;
  rowsAcknowledged: number;
  reconnects: number;
}

export interface DriveOptions {
  seconds: number;
  seed: number;
  /** As fast as it goes, instead of as fast as time passes. */
  max?: boolean;
}

/** The fleets on their way: the same readings for the same seed, however fast. */
export interface Drive {
  readonly ended: boolean;
  /** Their summaries, when every message of all of them was acknowledged. */
  reports: Promise<FleetReport[]>;
}

export function driveFleets(gateway: GatewayProcess, { seconds, seed, max }: DriveOptions): Drive {
  let running = FLEETS.length;
  const reports = Promise.all(
    FLEETS.map(async ({ prefix, cars, to, args }) => {
      const { code, stdout, stderr } = await pitwall(
        [
          ...['simulate', '--prefix', prefix, '--cars', String(cars), '--client', `fleet-${prefix}`],
          ...['--to', to(gateway), '--seconds', String(seconds), '--start', START, '--seed', String(seed)],
          ...['--speed', max ? 'max' : '1', ...args],
        ],
        { timeoutMs: (seconds + 150) * 1000 },
      );
      running--;
      assert.equal(code, 0, `${prefix}: ${stdout} ${stderr}`);
      const report = JSON.parse(stdout) as FleetReport;
      const { messages, acknowledged, rejected, rows, rowsAcknowledged } = report;
      assert.deepEqual([acknowledged, rejected, rowsAcknowledged], [messages, 0, rows], `${prefix}: ${stdout}`);
      return report;
    }),
  );
  reports.catch(() => {});
  return {
    get ended() {
      return running === 0;
    },
    reports,
  };
}
