import type { StreamBuilder } from '../stream-builder.js';
import type { DecodeContext, Decoder } from './decoder.js';
import { type Layout, learnLayout } from './json-layout.js';
import { JsonRows } from './json-rows.js';
import { JsonScanner, NOT_SCANNED } from './json-scanner.js';
import { parseJson } from './json-text.js';

/** Forms of messages remembered for a stream whose messages take turns. */
const LAYOUTS_MAX = 4;
/** With more messages of unknown form than this, above those of a known one, layouts are learned only now and then. */
const LEARN_AT_ONCE = 8;
const LEARN_EVERY = 64;

/** What is remembered of a stream's messages. */
interface JsonMemory {
  readonly layouts: Layout[];
  learned: number;
  misses: number;
}

/**
 * JSON payloads (docs/devices-json.md): one row, rows, columns with even spacing, columns with own times. A message
 * of the form of an earlier one is read by a scanner over its bytes; all others by JSON.parse. Both give the same.
 */
export class JsonDecoder implements Decoder {
  readonly name = 'json';
  private readonly rows = new JsonRows();
  private readonly scanner = new JsonScanner();

  decode(payload: Buffer, builder: StreamBuilder, context: DecodeContext): number {
    const memory = builder.layout as JsonMemory | null;
    if (memory !== null) {
      const timeField = context.time === null ? null : context.time.field;
      for (const layout of memory.layouts) {
        if (layout.generation !== builder.generation || layout.timeField !== timeField) continue;
        const taken = this.scanner.scan(payload, layout, builder, context);
        if (taken === NOT_SCANNED) continue;
        if (memory.misses > 0) memory.misses--;
        return taken;
      }
    }
    const taken = this.rows.append(parseJson(payload), builder, context);
    this.learn(payload, builder, context, memory);
    return taken;
  }

  /**
   * The same for a message that is parsed already. The `ignored` keys of its outermost object are no columns; where
   * there are any it is a frame, and may hold its rows in `rows`.
   */
  decodeValue(value: unknown, builder: StreamBuilder, context: DecodeContext, ignored: readonly string[] = []): number {
    return this.rows.append(value, builder, context, ignored);
  }

  private learn(payload: Buffer, builder: StreamBuilder, context: DecodeContext, known: JsonMemory | null): void {
    const memory = known ?? { layouts: [], learned: 0, misses: 0 };
    if (known === null) builder.layout = memory;
    memory.misses++;
    if (memory.misses > LEARN_AT_ONCE && memory.misses % LEARN_EVERY !== 0) return;
    const layout = learnLayout(payload, this.rows.shape, builder, context.time);
    if (layout !== null) memory.layouts[memory.learned++ % LAYOUTS_MAX] = layout;
  }
}
