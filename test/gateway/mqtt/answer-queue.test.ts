import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteBudget } from '../../../core/byte-budget.js';
import { ANSWER, AnswerQueue, IdMarks } from '../../../gateway/mqtt/answer-queue.js';
import { OutBuffer } from '../../../gateway/mqtt/codec/out-buffer.js';

const FOR_EVER = 0xffffffff;
const hex = (out: OutBuffer) => out.take()?.toString('hex') ?? '';

test('answers leave in the order of their messages, each when its cut is durable', () => {
  const queue = new AnswerQueue(new ByteBudget(1e6));
  const out = new OutBuffer();
  const marks = new IdMarks();
  queue.push(ANSWER.puback, 1, 0, null, 5);
  queue.push(ANSWER.pubrec, 2, 0, null, 5);
  queue.push(ANSWER.puback, 3, 0x99, null, 6);
  assert.equal(queue.flush(4, out, marks, FOR_EVER), 0);
  assert.equal(hex(out), '');
  assert.equal(queue.flush(5, out, marks, FOR_EVER), 1);
  assert.equal(hex(out), '4002000150020002');
  assert.equal(queue.flush(6, out, marks, FOR_EVER), 1);
  assert.equal(hex(out), '4003000399');
  assert.equal(queue.size, 0);
});

test('an identifier used again before its answer is answered once, when the later message is durable', () => {
  const queue = new AnswerQueue(new ByteBudget(1e6));
  const out = new OutBuffer();
  const marks = new IdMarks();
  queue.push(ANSWER.puback, 7, 0, null, 1);
  queue.push(ANSWER.puback, 8, 0, null, 1);
  queue.push(ANSWER.puback, 7, 0, null, 2);
  queue.flush(1, out, marks, FOR_EVER);
  assert.equal(hex(out), '40020008');
  queue.flush(2, out, marks, FOR_EVER);
  assert.equal(hex(out), '40020007');
});

test('the queue grows to one answer an identifier, keeps its order and gives its memory back', () => {
  const budget = new ByteBudget(1e9);
  const queue = new AnswerQueue(budget);
  const out = new OutBuffer();
  const marks = new IdMarks();
  let expected = '';
  let pushed = 0;
  for (let cut = 1; cut <= 300; cut++) {
    for (let i = 0; i < cut; i++) {
      const id = (pushed++ % 65_535) + 1;
      queue.push(ANSWER.puback, id, 0, null, cut);
      expected += `4002${id.toString(16).padStart(4, '0')}`;
    }
    if (cut % 7 === 0) queue.flush(cut - 3, out, marks, FOR_EVER);
  }
  queue.flush(300, out, marks, FOR_EVER);
  assert.equal(hex(out), expected);
  while (queue.push(ANSWER.puback, 1, 0, null, 301));
  assert.equal(queue.size, 65_536);
  assert.ok(budget.usedBytes > 0);
  queue.clear();
  assert.equal(budget.usedBytes, 0);
});

test('a reason string goes along where the client takes a packet of that size', () => {
  const queue = new AnswerQueue(new ByteBudget(1e6));
  const out = new OutBuffer();
  queue.push(ANSWER.puback, 1, 0x99, 'no', 1);
  queue.push(ANSWER.puback, 2, 0, null, 1);
  queue.flush(1, out, new IdMarks(), FOR_EVER);
  assert.equal(hex(out), '4009000199051f00026e6f40020002');
  queue.push(ANSWER.puback, 3, 0x99, 'no', 2);
  queue.flush(2, out, new IdMarks(), 10);
  assert.equal(hex(out), '4003000399');
});
