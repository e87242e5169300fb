import type { AvroConnection } from './decoders/avro.js';

/**
 * A connection that hands messages to the intake and answers its device. The intake works in *cuts*: everything
 * accepted between two commits. `accept` returns the number of the cut a message went into; when that cut is durable
 * the intake calls `durable` once on each source that has something in it. Acknowledgements leave then, not before.
 */
export interface Source {
  /** For dead letters and logs: the MQTT client id or the WebSocket client name, and the remote address. */
  readonly client: string;
  /** The last cut this source has a message in; kept by the intake alone, 0 at first. */
  lastCut: number;
  /** Avro schema numbers described on this connection; kept by the intake alone. */
  avro?: AvroConnection;
  /** Called when a cut this source has something in is closed: the place for facts about the cut as a whole. */
  sealing?(cut: number, setFact: (table: string, key: string, value: Uint8Array | null) => void): void;
  /** Everything this source handed over in cuts up to and including `cut` is durable. */
  durable(cut: number): void;
  /** The commit failed for good: nothing of the cut is stored. Close the connection without acknowledging. */
  failed(cut: number, reason: string): void;
}
