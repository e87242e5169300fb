import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Journal } from '../../sinks/journal.js';
import { temporary } from './file/helpers.js';

function written(path: string): { entries: object[]; bytes: Buffer } {
  const journal = new Journal<object>(path, true);
  const entries = [{ a: 1 }, { text: 'läuft\n"' }, { list: [1, 2, 3] }];
  journal.open();
  for (const entry of entries) journal.append(entry);
  journal.close();
  return { entries, bytes: readFileSync(path) };
}

test('a journal that was cut anywhere holds every entry that was whole, and goes on behind them', (t) => {
  const path = join(temporary(t), 'journal');
  const { entries, bytes } = written(path);
  for (let end = 0; end <= bytes.length; end++) {
    const whole = bytes.subarray(0, end).filter((byte) => byte === 10).length;
    writeFileSync(path, bytes.subarray(0, end));
    const journal = new Journal<object>(path, false);
    assert.deepEqual(journal.open(), entries.slice(0, whole), `cut at ${end}`);
    journal.append({ more: end });
    assert.deepEqual(journal.open(), [...entries.slice(0, whole), { more: end }]);
    journal.close();
  }
});

test('damage before the last entry is an error that says where', (t) => {
  const path = join(temporary(t), 'journal');
  const { bytes } = written(path);
  const first = bytes.indexOf(10);
  for (const at of [0, 3, 20, first - 1]) {
    const damaged = Buffer.from(bytes);
    damaged[at]! ^= 1;
    writeFileSync(path, damaged);
    assert.throws(() => new Journal(path, false).open(), /damaged at byte 0/, `byte ${at}`);
  }
});

test('replacing the entries leaves only the new ones', (t) => {
  const path = join(temporary(t), 'journal');
  written(path);
  const journal = new Journal<object>(path, true);
  journal.open();
  journal.replace([{ only: 1 }]);
  journal.append({ more: 2 });
  assert.deepEqual(journal.open(), [{ only: 1 }, { more: 2 }]);
  assert.equal(journal.bytes, readFileSync(path).length);
  journal.close();
});
