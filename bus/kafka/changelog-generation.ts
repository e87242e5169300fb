import { type BatchLimits, batchesOf, type ChangelogMessage } from './changelog-batches.js';
import { birthValue } from './changelog-image.js';
import type { ChangelogKeys, ChangelogKind } from './changelog-keys.js';

const EMPTY = Buffer.alloc(0);

export interface GenerationTarget {
  keys: ChangelogKeys;
  generation: string;
  partition: number;
  limits: BatchLimits;
  /** Appends the messages as one batch, whole or not at all. */
  send: (messages: ChangelogMessage[]) => Promise<void>;
}

/** Where the keys of a generation are that are not in layer 0, and the last layer there was. */
export interface Layers {
  homes: Map<string, number>;
  last: number;
}

/**
 * Writes one generation, checkpoint by checkpoint. At the end of every batch the topic holds a whole checkpoint:
 *
 * - One that fits into a batch is one, and goes to layer 0.
 * - A larger one goes to a layer of its own, in as many batches as it takes, which nobody regards before a last batch
 *   says that the layer counts. Only then what it replaces is removed, so that each key is in one layer again.
 *
 * A batch that fails may still arrive later, and out of turn: then the generation is spoilt, and has to be left.
 */
export class GenerationWriter {
  constructor(
    private readonly target: GenerationTarget,
    private readonly layers: Layers = { homes: new Map(), last: 0 },
  ) {}

  /**
   * Writes all values of a new generation; it counts from the last batch on. No record of it is before the offset
   * `from`. `beforeBirth` runs when only that batch is missing.
   */
  async writeAll(
    full: Iterable<readonly [key: string, value: Uint8Array]>,
    from: number,
    beforeBirth: () => Promise<void>,
  ): Promise<void> {
    const birth = this.message('birth', 0, '', birthValue(from));
    let last: ChangelogMessage[] = [];
    for (const batch of batchesOf(this.valuesAndThen(full, birth), this.target.limits)) {
      if (last.length > 0) await this.target.send(last);
      last = batch;
    }
    await beforeBirth();
    await this.target.send(last);
  }

  /** Writes a checkpoint; null removes a key. */
  async write(delta: ReadonlyMap<string, Uint8Array | null>): Promise<void> {
    const { homes } = this.layers;
    const whole = [...batchesOf(this.inPlace(delta), this.target.limits)];
    if (whole.length > 1) return this.writeLayer(delta);
    for (const batch of whole) await this.target.send(batch);
    for (const key of delta.keys()) homes.delete(key);
  }

  /** The writer has ended in order, or goes on. Alone in its batch. */
  async setClosed(closed: boolean): Promise<void> {
    await this.target.send([this.message('closed', 0, '', closed ? EMPTY : null)]);
  }

  async remove(keys: Iterable<Buffer>): Promise<void> {
    await this.sendAll(removals(keys, this.target.partition));
  }

  private async writeLayer(delta: ReadonlyMap<string, Uint8Array | null>): Promise<void> {
    const { homes } = this.layers;
    const layer = ++this.layers.last;
    await this.sendAll(this.inLayer(layer, delta));
    const counting = [...new Set(homes.values()), layer].sort((a, b) => a - b);
    await this.target.send([this.message('layers', 0, '', Buffer.from(JSON.stringify(counting)))]);
    await this.sendAll(this.replaced(layer, delta));
    for (const [key, value] of delta) {
      if (value === null) homes.delete(key);
      else homes.set(key, layer);
    }
  }

  private *valuesAndThen(
    full: Iterable<readonly [key: string, value: Uint8Array]>,
    last: ChangelogMessage,
  ): Iterable<ChangelogMessage> {
    for (const [key, value] of full) yield this.message('value', 0, key, value);
    yield last;
  }

  private *inPlace(delta: ReadonlyMap<string, Uint8Array | null>): Iterable<ChangelogMessage> {
    for (const [key, value] of delta) {
      const home = this.layers.homes.get(key);
      yield this.message('value', 0, key, value);
      if (home !== undefined) yield this.message('value', home, key, null);
    }
  }

  private *inLayer(layer: number, delta: ReadonlyMap<string, Uint8Array | null>): Iterable<ChangelogMessage> {
    for (const [key, value] of delta) {
      if (value === null) yield this.message('removed', layer, key, EMPTY);
      else yield this.message('value', layer, key, value);
    }
  }

  /** What lies under a layer; and then its own removals, which have nothing left to remove. */
  private *replaced(layer: number, delta: ReadonlyMap<string, Uint8Array | null>): Iterable<ChangelogMessage> {
    for (const key of delta.keys()) yield this.message('value', this.layers.homes.get(key) ?? 0, key, null);
    for (const [key, value] of delta) if (value === null) yield this.message('removed', layer, key, null);
  }

  private message(kind: ChangelogKind, layer: number, key: string, value: Uint8Array | null): ChangelogMessage {
    const { keys, generation, partition } = this.target;
    return {
      partition,
      key: keys.encode(generation, kind, layer, key),
      value: value === null ? null : asBuffer(value),
    };
  }

  private async sendAll(messages: Iterable<ChangelogMessage>): Promise<void> {
    for (const batch of batchesOf(messages, this.target.limits)) await this.target.send(batch);
  }
}

function* removals(keys: Iterable<Buffer>, partition: number): Iterable<ChangelogMessage> {
  for (const key of keys) yield { partition, key, value: null };
}

/** kafkajs takes anything but a Buffer for text. */
function asBuffer(value: Uint8Array): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
