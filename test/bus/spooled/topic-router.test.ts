import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TELEMETRY_TOPIC } from '../../../bus/bus.js';
import { KafkaTopics } from '../../../bus/kafka/kafka-topics.js';
import { TopicTemplate } from '../../../bus/kafka/topic-template.js';
import { TemplateRouter } from '../../../bus/spooled/topic-router.js';
import { SLOW_TICK_US, TICK_US } from '../../../bus/ticker.js';

const BRISK_US = 60 * TICK_US;

function router(there: string[] = []): TemplateRouter {
  const tags = (stream: string) => ({ class: stream.split('/')[0]! });
  return new TemplateRouter(new KafkaTopics('t'), new TopicTemplate('t.{class}', ['t']), tags, there, BRISK_US);
}

test('Streams go to the topic of their tag, and what devices did not send to where it always goes.', () => {
  const to = router();
  assert.equal(to.topicOf(TELEMETRY_TOPIC, 'gt3/44/imu'), 't.gt3');
  assert.equal(to.topicOf('dead-letters', 'gt3/44/imu'), 't.dead-letters');
});

test('A device that names a new tag with every message gets no more than a bounded number of topics.', () => {
  const to = router();
  const topics = new Set(Array.from({ length: 1000 }, (_, i) => to.topicOf(TELEMETRY_TOPIC, `c${i}/1/imu`)));
  assert.ok(topics.size <= 202);
  assert.ok(topics.has('t.other'));
});

test('While a partition gets records, time never stands still for long in any of its topics.', () => {
  const stepUs = fc.integer({ min: 0, max: 2 * TICK_US });
  const stream = fc.constantFrom('a/1/x', 'b/1/x', 'c/1/x', null);
  fc.assert(
    fc.property(fc.array(fc.tuple(stepUs, stream), { minLength: 1, maxLength: 200 }), (records) => {
      const to = router(['t.old']);
      const last = new Map<string, number>([['t.old', Number.NaN]]);
      let nowUs = 1_700_000_000_000_000;
      for (const [step, name] of records) {
        nowUs += step;
        const written = name === null ? null : to.topicOf(TELEMETRY_TOPIC, name);
        if (written !== null) last.set(written, nowUs);
        for (const topic of to.ticksDue(0, nowUs, written)) {
          assert.notEqual(topic, written, 'a topic that just got a record needs no tick');
          last.set(topic, nowUs);
        }
        for (const [topic, us] of last) {
          if (Number.isNaN(us)) last.set(topic, nowUs);
          else assert.ok(nowUs - us < 4 * TICK_US, `${topic} stands still for ${nowUs - us} us`);
        }
      }
    }),
  );
});

test('Long after its last data a topic gets ticks only now and then.', () => {
  const to = router();
  to.ticksDue(0, 0, to.topicOf(TELEMETRY_TOPIC, 'a/1/x'));
  let ticks = 0;
  for (let us = TICK_US; us <= BRISK_US + 10 * SLOW_TICK_US; us += TICK_US) {
    ticks += to.ticksDue(0, us, to.topicOf(TELEMETRY_TOPIC, 'b/1/x')).filter((topic) => topic === 't.a').length;
  }
  assert.equal(ticks, 60 + 10);
});
