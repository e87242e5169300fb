import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type GatewayProcess, pitwall } from '../support/gateway-process.js';
import { sharedPath } from '../support/recordings.js';
import type { SameInput } from './same-rows.js';

/** Both by a protocol that stores nothing twice, so that no reconnection could add a row. The largest file goes once. */
const SENDERS = [
  { car: 'mqtt', to: (gateway: GatewayProcess) => `mqtt://${gateway.mqtt}`, args: ['--qos', '2'], without: /can_raw/ },
  { car: 'packed', to: (gateway: GatewayProcess) => `ws://${gateway.http}/ingest`, args: [], without: null },
];

/** A recording, and what is made of it. */
export interface Recording {
  folder: string;
  ending: string;
  processors: string;
  sinks: string;
  time: string[];
  /** The right sides of its joins. */
  ends: string[];
  /** Refused by the gateway, of each sender. */
  rejected: number;
  isWhole: SameInput['isWhole'];
}

/** The recording at full speed. */
export function replayed({ folder, ending, processors, sinks, time, ends, rejected, isWhole }: Recording): SameInput {
  const path = sharedPath(folder);
  const files = readdirSync(path)
    .filter((file) => file.endsWith(ending))
    .map((file) => join(path, file));
  const send = async (gateway: GatewayProcess): Promise<void> => {
    for (const { car, to, args, without } of SENDERS) {
      const some = files.filter((file) => !without?.test(file));
      const { stdout, stderr } = await pitwall(
        [
          ...['replay', ...some, ...time, '--stream', `car/${car}/{file}`, '--to', to(gateway)],
          ...['--client', `replay-${car}`, '--speed', 'max', '--batch', '20', ...args],
        ],
        { timeoutMs: 60_000 },
      );
      const summary = JSON.parse(stdout) as { rejected: number; messages: number; acknowledged: number };
      assert.equal(summary.rejected, rejected, stderr);
    }
  };
  const streams = SENDERS.flatMap(({ car }) => ends.map((name) => `car/${car}/${name}`));
  return { processors, sinks, send, ends: streams, isWhole, timeoutMs: 40_000 };
}
