import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { uniqueName } from '../servers/unique-name.js';
import { tempDir } from '../support/temp-dir.js';
import { type Finished, runPitwall } from './run-pitwall.js';

const folder = tempDir('check-influxdb');

/** `check --connect` of a sink with these keys. */
export function checkInfluxdb(sink: string): Promise<Finished> {
  const file = `${uniqueName('check')}.yaml`;
  writeFileSync(join(folder, file), `sinks:\n  live: { type: influxdb, from: "#", ${sink} }\n`);
  return runPitwall(['check', '--connect', '-c', file], folder);
}
