import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BusRecord, OriginPart } from '../../../bus/bus.js';
import { Deduplicator, originOf } from '../../../bus/deduplicate.js';
import {
  type ForwardMessage,
  MERGE_SPREAD_US,
  type MergeLimits,
  mergeRecords,
} from '../../../bus/spooled/merge-records.js';
import { splitMessage } from '../../../bus/spooled/split-message.js';
import type { Schema } from '../../../columnar/schema.js';
import { dropRows } from '../../../schemas/drop-rows.js';
import { readPacked } from '../../../schemas/read-packed.js';
import { columnTypes, type PlainBatch, rowsOf, schemaOf } from '../../schemas/packed-oracle.js';
import { type PlainRow, plainHeader, plainRows, plainValue, rowsIn, spooled, tick } from './plain-records.js';

const T0 = 1_700_000_000_000_000;
/** Three of one entity, two of others. */
const STREAMS = ['car/1/imu', 'car/1/gps', 'car/1/größe', 'car/2/imu', 'pit'];

/** A spool's partition, and what a reader is to see of it: each stream's rows in order, with where they come from. */
interface Spool {
  records: BusRecord[];
  schemas: Map<number, Schema>;
  wanted: Map<string, { offset: number; what: PlainRow | Buffer }[]>;
}

const few = <T>(most: T, ...others: T[]) =>
  fc.oneof(
    { arbitrary: fc.constant(most), weight: 10 },
    ...others.map((other) => ({ arbitrary: fc.constant(other), weight: 1 })),
  );

const step = (columns: fc.Arbitrary<PlainBatch>) =>
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constant('data' as const),
        columns,
        stream: fc.nat(STREAMS.length - 1),
        gapUs: few(1000, 0, 40_000, 300_000, -1),
        stepsUs: fc.oneof(
          fc.constant([1000]),
          fc.constant([0]),
          fc.array(fc.nat(3000), { minLength: 1, maxLength: 40 }),
        ),
        receivedStepUs: few(500, 0, 60_000, 300_000),
        writer: few('gateway-1', 'gateway-2'),
        tags: few('', '{"team":"ö"}'),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'tick' as const }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('other' as const),
        stream: fc.nat(STREAMS.length - 1),
        value: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
      }),
    },
  );

const spools: fc.Arbitrary<Spool> = fc
  .tuple(columnTypes, columnTypes)
  .chain(([some, others]) =>
    fc.array(step(fc.oneof({ arbitrary: rowsOf(some), weight: 9 }, { arbitrary: rowsOf(others), weight: 1 })), {
      minLength: 1,
      maxLength: 40,
      size: 'max',
    }),
  )
  .map((steps) => {
    const spool: Spool = { records: [], schemas: new Map(), wanted: new Map(STREAMS.map((name) => [name, []])) };
    const timeUs = STREAMS.map((_, i) => T0 + i * 777_777);
    let receivedUs = T0;
    for (const [offset, each] of steps.entries()) {
      if (each.kind === 'tick') {
        spool.records.push(tick(offset, receivedUs));
        continue;
      }
      const stream = STREAMS[each.stream]!;
      const wanted = spool.wanted.get(stream)!;
      if (each.kind === 'other') {
        spool.records.push(spooled(offset, stream, each.value, { receivedUs }));
        wanted.push({ offset, what: each.value });
        continue;
      }
      receivedUs += each.receivedStepUs;
      let time = (timeUs[each.stream]! += each.gapUs);
      const times = each.columns.timeUs.map((_, i) =>
        i === 0 ? time : (time += each.stepsUs[i % each.stepsUs.length]!),
      );
      timeUs[each.stream] = time;
      const plain = { ...each.columns, timeUs: times };
      const schema = schemaOf(plain);
      spool.schemas.set(schema.fingerprint, schema);
      const { writer, tags } = each;
      spool.records.push(spooled(offset, stream, plainValue(plain, stream), { receivedUs, writer, tags }));
      wanted.push(...rowsIn(plain).map((what) => ({ offset, what })));
    }
    return spool;
  });

const limits: fc.Arbitrary<MergeLimits> = fc.record({
  bytesMax: few(1_000_000, 300, 3000),
  rowsMax: few(65_536, 1, 20),
  spreadUs: few(undefined, 0, Number.POSITIVE_INFINITY) as fc.Arbitrary<number | undefined>,
});

/** The forwarder from where it was until it crashes, and how much of what it sent it knows to be there. */
const attempt = fc.record({
  runs: fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), limits, fc.option(fc.integer({ min: 60, max: 900 }))), {
    minLength: 1,
    maxLength: 5,
  }),
  crashAfter: fc.nat(25),
  forgets: fc.nat(2),
  restartReader: fc.boolean(),
});

/** The reading side: each row once. */
class Reader {
  readonly taken = new Map<string, (PlainRow | Buffer)[]>(STREAMS.map((name) => [name, []]));
  readonly ticks: number[] = [];
  private deduplicator = new Deduplicator();

  constructor(private readonly spool: Spool) {}

  restart(): void {
    this.deduplicator = new Deduplicator(JSON.parse(JSON.stringify(this.deduplicator.snapshot())));
  }

  take(message: ForwardMessage): void {
    const known = this.deduplicator.take(originOf(message), message.sequence, message.parts);
    if (known === Infinity) return;
    if (message.kind === 'tick') {
      this.ticks.push(message.sequence);
      this.checkTick(message.sequence - 1000);
      return;
    }
    const taken = this.taken.get(message.stream)!;
    const schema = this.spool.schemas.get(message.schema);
    if (!schema) taken.push(message.value!);
    else if (known === 0) taken.push(...plainRows(plainHeader(message.value!), schema));
    else if (known < message.rows)
      taken.push(...plainRows(dropRows(readPacked(message.value!), schema, known), schema));
  }

  /** Whatever came before a tick is there when the tick is, and nothing else. */
  private checkTick(offset: number): void {
    for (const [stream, wanted] of this.spool.wanted) {
      const before = wanted.filter((each) => each.offset < offset).length;
      assert.equal(this.taken.get(stream)!.length, before, `rows of ${stream} before the tick`);
    }
  }
}

function partsOf(message: ForwardMessage): readonly OriginPart[] {
  return message.parts ?? [{ sequence: message.sequence, firstRow: 0, rows: message.rows }];
}

function checkMessages(
  run: readonly BusRecord[],
  messages: readonly ForwardMessage[],
  spool: Spool,
  by: MergeLimits,
): void {
  const found: number[] = [];
  let last = -1;
  for (const message of messages) {
    const parts = partsOf(message);
    const of = parts.map((part) => run.find((record) => record.sequence === part.sequence)!);
    found.push(...of.map((record) => record.offset));
    for (const name of ['kind', 'key', 'stream', 'writer', 'tags'] as const) {
      for (const record of of) assert.equal(message[name], record[name]);
    }
    const received = of.map((record) => record.receivedUs);
    assert.equal(message.receivedUs, Math.max(...received));
    assert.equal(message.sequence, parts.at(-1)!.sequence);
    assert.ok(of.at(-1)!.offset > last, 'messages stand in the order of their last records');
    last = of.at(-1)!.offset;
    if (of.length === 1) {
      assert.equal(message.value, message.kind === 'tick' ? null : of[0]!.value, 'the very bytes');
      assert.equal(message.parts, undefined);
      continue;
    }
    assert.ok(message.value!.length <= by.bytesMax && message.rows <= by.rowsMax);
    const { seq, stream, schema, rows } = plainHeader(message.value!);
    assert.deepEqual([seq, stream, schema, rows], [0, message.stream, message.schema, message.rows]);
    const all = plainRows(plainHeader(message.value!), spool.schemas.get(schema)!);
    const starts = of.map((record) => plainHeader(record.value));
    assert.deepEqual(
      parts,
      starts.map((each, i) => ({ sequence: of[i]!.sequence, firstRow: 0, rows: each.rows })),
    );
    for (const [i, row] of all.entries()) assert.ok(i === 0 || row[0]! >= all[i - 1]![0]!, 'times ascend');
    const spreadUs = by.spreadUs ?? MERGE_SPREAD_US;
    for (const us of received) assert.ok(Math.abs(us - received[0]!) <= spreadUs);
    let at = 0;
    for (const { rows: count } of starts) {
      assert.ok(Number(all[at]![0]) - Number(all[0]![0]) <= spreadUs);
      at += count;
    }
  }
  found.sort((a, b) => a - b);
  assert.deepEqual(
    found,
    run.map((record) => record.offset),
    'each record is in one message',
  );
}

test('whatever is merged and split, sent again and merged and split otherwise, is read as each row once and in order', () => {
  let merged = 0;
  fc.assert(
    fc.property(spools, fc.array(attempt, { maxLength: 5 }), limits, (spool, attempts, lastLimits) => {
      const { records, schemas } = spool;
      const reader = new Reader(spool);
      const schemaOf = (fingerprint: number) => schemas.get(fingerprint);
      const end: [number, MergeLimits, null][] = [[records.length, lastLimits, null]];
      const all = [...attempts, { runs: end, crashAfter: Infinity, forgets: 0, restartReader: false }];
      let position = 0;
      for (const { runs, crashAfter, forgets, restartReader } of all) {
        const borders = [position];
        let sent = 0;
        for (const [size, by, splitAt] of runs) {
          const run = records.slice(borders.at(-1)!, borders.at(-1)! + size);
          const messages = mergeRecords(run, schemaOf, by);
          checkMessages(run, messages, spool, by);
          for (const message of messages) if (message.parts) merged++;
          const pieces = messages.flatMap((message) => {
            const schema = schemas.get(message.schema);
            return (splitAt !== null && schema && splitMessage(message, schema, splitAt)) || [message];
          });
          for (const piece of pieces) if (sent++ < crashAfter) reader.take(piece);
          if (sent > crashAfter) break;
          borders.push(Math.min(records.length, borders.at(-1)! + size));
        }
        position = borders.at(-1 - forgets) ?? position;
        if (restartReader) reader.restart();
      }
      for (const [stream, wanted] of spool.wanted) {
        assert.deepEqual(
          reader.taken.get(stream),
          wanted.map(({ what }) => what),
        );
      }
      assert.deepEqual(
        reader.ticks,
        records.filter(({ kind }) => kind === 'tick').map(({ sequence }) => sequence),
      );
    }),
    { numRuns: 200 },
  );
  assert.ok(merged > 100, `${merged} messages were merged`);
});

function oneRow([time, ...cells]: PlainRow, { fields }: Schema): PlainBatch {
  return {
    timeUs: [Number(time)],
    columns: fields.map(({ name, type }, c) => ({ name, type, cells: [cells[c]!] })),
  };
}

test('a message is split into values of the size that is asked for, with all its rows in order', () => {
  let split = 0;
  fc.assert(
    fc.property(spools, fc.integer({ min: 50, max: 2000 }), (spool, bytesMax) => {
      const messages = mergeRecords(spool.records, (print) => spool.schemas.get(print), {
        bytesMax: 1_000_000,
        rowsMax: 65_536,
        spreadUs: Infinity,
      });
      for (const message of messages) {
        const schema = spool.schemas.get(message.schema);
        if (!schema) continue;
        const pieces = splitMessage(message, schema, bytesMax);
        const rows = plainRows(plainHeader(message.value!), schema);
        const alone = rows.map((row) => plainValue(oneRow(row, schema), message.stream).length);
        assert.equal(pieces === null, message.value!.length > bytesMax && Math.max(...alone) > bytesMax);
        if (pieces === null) continue;
        if (message.value!.length <= bytesMax) assert.deepEqual(pieces, [message]);
        else split++;
        for (const piece of pieces) {
          assert.ok(piece.value!.length <= bytesMax);
          const parts = partsOf(piece);
          assert.equal(piece.sequence, parts.at(-1)!.sequence);
          assert.equal(
            parts.reduce((sum, part) => sum + part.rows, 0),
            piece.rows,
          );
          const { value, parts: of, rows: count, sequence, ...rest } = piece;
          assert.deepEqual(
            { ...message, value, parts: of, rows: count, sequence },
            { ...rest, value, parts: of, rows: count, sequence },
          );
        }
        assert.deepEqual(
          pieces.flatMap((piece) => plainRows(plainHeader(piece.value!), schema)),
          rows,
        );
        // Row by row, the origins are those of the message.
        const origins = (of: ForwardMessage) =>
          partsOf(of).flatMap(({ sequence, firstRow, rows: n }) =>
            Array.from({ length: n }, (_, i) => [sequence, firstRow + i]),
          );
        assert.deepEqual(pieces.flatMap(origins), origins(message));
      }
    }),
    { numRuns: 120 },
  );
  assert.ok(split > 100, `${split} messages were split`);
});
