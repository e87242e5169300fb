import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isMqttText } from '../../../../gateway/mqtt/codec/utf8.js';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The platform's decoder, and the standard's list of what else may not be in a text. */
function oracle(bytes: Uint8Array, strict: boolean): boolean {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return false;
  }
  if (text.includes('\u0000')) return false;
  return !strict || !/[\p{Cc}\p{Noncharacter_Code_Point}]/u.test(text);
}

test('text is judged like the platform judges it, for any bytes', () => {
  const lead = fc.constantFrom(0xc0, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0x41, 0x00, 0x1f, 0x7f);
  const bytes = fc.array(fc.oneof(fc.integer({ min: 0, max: 255 }), lead, fc.integer({ min: 0x80, max: 0xbf })), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(bytes, fc.boolean(), (list, strict) => {
      const array = Uint8Array.from(list);
      // A leading byte order mark is text in MQTT ([MQTT-1.5.4-3]); the platform's decoder drops it all the same.
      assert.equal(isMqttText(array, 0, array.length, strict), oracle(array, strict));
    }),
    { numRuns: 5000 },
  );
});

test('text is judged like the platform judges it, for any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), fc.boolean(), (text, strict) => {
      const bytes = Buffer.from(text);
      assert.equal(isMqttText(bytes, 0, bytes.length, strict), oracle(bytes, strict));
    }),
  );
});
