import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { topicFilterFault, topicFilterMatches } from '../../../gateway/mqtt/topic-filter.js';

/** Matching as the standard words it, level by level, written apart. */
function oracle(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const given = topic.split('/');
  if (topic.startsWith('$') && (wanted[0] === '+' || wanted[0] === '#')) return false;
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === '#') return given.length >= i;
    if (i >= given.length || (wanted[i] !== '+' && wanted[i] !== given[i])) return false;
  }
  return wanted.length === given.length;
}

test('filters match as the standard words it', () => {
  const level = fc.constantFrom('a', 'b', 'ab', '', '$a', '+');
  const filter = fc
    .tuple(fc.array(level, { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([levels, open]) => [...levels, ...(open ? ['#'] : [])].join('/'));
  const topic = fc
    .array(fc.constantFrom('a', 'b', 'ab', '', '$a'), { minLength: 1, maxLength: 5 })
    .map((levels) => levels.join('/'));
  fc.assert(
    fc.property(filter, topic, (f, t) => {
      fc.pre(f !== '' && t !== '');
      assert.equal(topicFilterMatches(f, t), oracle(f, t), `${f} on ${t}`);
    }),
    { numRuns: 3000 },
  );
});

test("the standard's own examples hold", () => {
  const yes: [string, string][] = [
    ['sport/tennis/player1/#', 'sport/tennis/player1'],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon'],
    ['#', 'a/b'],
    ['sport/+', 'sport/'],
    ['+/+', '/finance'],
    ['/+', '/finance'],
    ['$SYS/#', '$SYS/a'],
    ['$SYS/monitor/+', '$SYS/monitor/Clients'],
  ];
  const no: [string, string][] = [
    ['sport/+', 'sport'],
    ['+', '/finance'],
    ['#', '$SYS/a'],
    ['+/monitor/Clients', '$SYS/monitor/Clients'],
    ['a', 'A'],
    ['/finance', 'finance'],
  ];
  for (const [filter, topic] of yes) assert.equal(topicFilterMatches(filter, topic), true, `${filter} on ${topic}`);
  for (const [filter, topic] of no) assert.equal(topicFilterMatches(filter, topic), false, `${filter} on ${topic}`);
});

test('a filter is refused where the standard refuses it', () => {
  for (const good of ['#', '+', 'a/#', '+/a/#', '/', 'a//b', '/+', '$share/a/#']) {
    assert.equal(topicFilterFault(good), null, good);
  }
  for (const bad of ['', 'a#', '#/a', 'a/#/b', 'a+', '+a', 'a/+b', 'a/b+/c'])
    assert.notEqual(topicFilterFault(bad), null, bad);
});
