import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TopicTemplate } from '../../../bus/kafka/topic-template.js';

test('What begins the names of the other topics is the template without its placeholders.', () => {
  const bases = {
    telemetry: 'telemetry',
    'telemetry.{class}': 'telemetry',
    '{class}-telemetry': 'telemetry',
    'race_{a}.{b}-raw': 'race.raw',
    '{class}': '',
    '{a}.{b}': '',
  };
  for (const [text, base] of Object.entries(bases)) assert.equal(new TopicTemplate(text).base, base, text);
});

test('A tag that is missing, or whose value would name another topic of the bus, is "other".', () => {
  const template = new TopicTemplate('t.{class}', ['t', 't.schemas']);
  assert.equal(template.fill({ class: 'gt3' }), 't.gt3');
  assert.equal(template.fill({}), 't.other');
  assert.equal(template.fill({ class: '' }), 't.other');
  assert.equal(template.fill({ class: 'schemas' }), 't.other');
  assert.equal(template.fill({ class: 'LMP 2/é' }), 't.LMP.2..');
});

test("Whatever a device names, the topic is one that Kafka takes, is the template's own, and no other of the bus.", () => {
  const reserved = ['t', 't.schemas', 't.changelog', 't.dead-letters', 't.p'];
  const template = new TopicTemplate('t.{a}-{b}', reserved);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom('schemas', 'p', '..', 'x'.repeat(500)), (a, b) => {
      const topic = template.fill({ a, b });
      assert.match(topic, /^[A-Za-z0-9._-]{1,249}$/);
      assert.ok(template.isOwn(topic));
      assert.ok(!reserved.includes(topic));
    }),
  );
});
