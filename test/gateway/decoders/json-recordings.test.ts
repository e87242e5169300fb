import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { JsonDecoder } from '../../../gateway/decoders/json.js';
import { StreamBuilder } from '../../../gateway/stream-builder.js';
import { needs, sharedPath } from '../../support/recordings.js';
import { closeAll, context } from './decoded.js';

const FOLDER = 'data/comma2k19-segment';
const FILES = ['imu_accelerometer', 'gnss_live_gnss_ublox', 'can_radar', 'can_wheel_speed'];
/** Seconds since boot of the logging phone to seconds since 1970 (README of the recording), as a whole number. */
const BOOT_S = 1_533_180_080;

/** Header and rows of texts. */
function csv(file: string): { names: string[]; rows: string[][] } {
  const lines = gunzipSync(readFileSync(sharedPath(`${FOLDER}/${file}.csv.gz`)))
    .toString('latin1')
    .trimEnd()
    .split('\n');
  const [names, ...rows] = lines.map((line) => line.split(','));
  return { names: names!, rows };
}

/** The digits of the recording themselves, since JSON.stringify would lose the sign of -0.0. */
const cell = (text: string): string => (text === 'NaN' ? 'null' : text);
const time = (text: string): string => String(BOOT_S + Math.round(Number(text) * 1e6) / 1e6);

for (const file of FILES) {
  test(`every cell of ${file} comes through JSON to the bit, as rows, in lists and in columns`, needs(FOLDER), () => {
    const { names, rows } = csv(file);
    const texts = names.slice(1);
    const row = (cells: string[]) =>
      `{"t":${time(cells[0]!)},${texts.map((name, c) => `"${name}":${cell(cells[c + 1]!)}`).join(',')}}`;
    const columns = (part: string[][]) =>
      `{"t":[${part.map((cells) => time(cells[0]!))}],${texts.map((name, c) => `"${name}":[${part.map((cells) => cell(cells[c + 1]!))}]`).join(',')}}`;
    const chunks = (size: number) =>
      Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => rows.slice(i * size, (i + 1) * size));
    for (const messages of [rows.map(row), chunks(50).map((part) => `[${part.map(row)}]`), chunks(700).map(columns)]) {
      const builder = new StreamBuilder('car/comma/x', null);
      const decoder = new JsonDecoder();
      const seen = context();
      const taken = messages.reduce((sum, message) => sum + decoder.decode(Buffer.from(message), builder, seen), 0);
      assert.deepEqual([taken, seen.refused.length], [rows.length, 0]);
      const out = closeAll(builder);
      for (const [i, cells] of rows.entries()) {
        assert.equal(out[i]!.timeUs, BOOT_S * 1e6 + Math.round(Number(cells[0]) * 1e6));
        for (const [c, name] of texts.entries()) {
          const wanted = cells[c + 1] === 'NaN' ? undefined : Number(cells[c + 1]);
          assert.ok(
            Object.is(out[i]!.cells[name], wanted),
            `${name} of row ${i}: ${out[i]!.cells[name]}, not ${wanted}`,
          );
        }
      }
    }
  });
}
