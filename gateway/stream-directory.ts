import { PitwallError } from '../core/errors.js';
import { entityKeyOf, streamNameFault } from '../core/stream-name.js';
import type { StreamPattern } from '../core/stream-pattern.js';
import type { TimeRule } from './decoders/decoder.js';
import type { GatewayStore } from './gateway-store.js';
import { StreamBuilder } from './stream-builder.js';

/** A stream pattern of the configuration with what it says about its streams. */
export interface DeclaredStream {
  pattern: StreamPattern;
  time: TimeRule | null;
  /** Template of the entity key with the pattern's captures, e.g. `car/{car}`; null = the name without its last segment. */
  key: string | null;
  decoder: string | null;
}

/** An open stream: where its rows go and how they are read. */
export interface OpenStream {
  readonly name: string;
  readonly key: string;
  readonly time: TimeRule | null;
  readonly decoder: string | null;
  readonly builder: StreamBuilder;
  readonly entity: OpenEntity;
  /** Fingerprint of the schema that is stored as learned; kept by the intake. */
  stored: number;
  /** The cut in which it last had rows; kept by the intake. */
  lastCut: number;
}

/** The open rows of streams that share an entity key; kept by the intake. */
export interface OpenEntity {
  /** Event time of the first of them, microseconds; NaN when there are none. */
  openUs: number;
  /** In the order of their first open row. */
  readonly streams: Set<OpenStream>;
}

/** Table of facts: stream name → fingerprint of its learned schema (8 bytes, little-endian double). */
export const STREAMS_TABLE = 'streams';
/** Open streams kept at most; beyond it those idle longest are closed, and learned again from the store when they return. */
const OPEN_STREAMS_MAX = 20_000;

/** Opens streams by name: checks the name, finds its declaration and what was learned of its columns. */
export class StreamDirectory {
  private readonly open = new Map<string, OpenStream>();
  private readonly entities = new Map<string, OpenEntity>();

  constructor(
    private readonly store: GatewayStore,
    private readonly declared: readonly DeclaredStream[],
    private readonly acceptUndeclared: boolean,
  ) {}

  /** Throws PitwallError `bad-stream-name` or `undeclared-stream`. */
  get(name: string): OpenStream {
    return this.open.get(name) ?? this.create(name);
  }

  /** Closes streams without rows in the cut `current`, oldest first, when there are too many. */
  trim(current: number): void {
    if (this.open.size <= OPEN_STREAMS_MAX) return;
    for (const [name, stream] of this.open) {
      if (stream.lastCut < current && stream.builder.rows === 0) this.open.delete(name);
      if (this.open.size <= OPEN_STREAMS_MAX / 2) break;
    }
    const used = new Set([...this.open.values()].map((stream) => stream.entity));
    for (const [key, entity] of this.entities) if (!used.has(entity)) this.entities.delete(key);
  }

  /** Forgets all; what a failed commit took with it is learned again from the store. */
  reset(): void {
    this.open.clear();
    this.entities.clear();
  }

  private create(name: string): OpenStream {
    const fault = streamNameFault(name);
    if (fault) {
      throw new PitwallError('bad-stream-name', `the stream name ${JSON.stringify(name.slice(0, 80))} ${fault}`, {
        stage: 'gateway',
      });
    }
    let key: string | null = null;
    let time: TimeRule | null = null;
    let decoder: string | null = null;
    let found = false;
    for (const declared of this.declared) {
      const captures = declared.pattern.match(name);
      if (!captures) continue;
      found = true;
      time ??= declared.time;
      decoder ??= declared.decoder;
      if (declared.key !== null) key ??= declared.key.replace(/\{(\w+)\}/g, (_, capture) => captures[capture] ?? '');
    }
    if (!found && !this.acceptUndeclared) {
      throw new PitwallError(
        'undeclared-stream',
        `the stream "${name}" is not declared, and undeclared streams are rejected`,
        {
          stage: 'gateway',
        },
      );
    }
    const known = this.store.fact(STREAMS_TABLE, name);
    const schema = known ? (this.store.schema(known.readDoubleLE(0)) ?? null) : null;
    const entityKey = key ?? entityKeyOf(name);
    const stream: OpenStream = {
      name,
      key: entityKey,
      time,
      decoder,
      builder: new StreamBuilder(name, schema),
      entity: this.entity(entityKey),
      stored: 0,
      lastCut: 0,
    };
    this.open.set(name, stream);
    return stream;
  }

  private entity(key: string): OpenEntity {
    let entity = this.entities.get(key);
    if (!entity) {
      entity = { openUs: Number.NaN, streams: new Set() };
      this.entities.set(key, entity);
    }
    return entity;
  }
}
