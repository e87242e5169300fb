import type { ExpectedRows } from '../stored-rows.js';

/** What a load process sends; plain data, since it crosses to the process as JSON. */
export type LoadPlan = MqttPlan | IngestPlan;

export interface MqttPlan {
  kind: 'mqtt';
  port: number;
  /** Stream of each connection; rows one microsecond-grid step apart from `firstUs`. */
  connections: { client: string; stream: string; firstUs: number }[];
  stepUs: number;
  payloadBytes: number;
  inFlight: number;
}

export interface IngestPlan {
  kind: 'ingest';
  port: number;
  connections: { client: string; stream: string; firstUs: number }[];
  rows: number;
  columns: number;
  stepUs: number;
  /** Each connection sends so many frames, then waits for the last answer; null: until told to stop. */
  frames: number | null;
  /** Frames a second of each connection; null: as fast as the window allows. */
  framesPerSecond: number | null;
}

export type ToLoad = { type: 'go' } | { type: 'mark' } | { type: 'stop' };

export type FromLoad =
  | { type: 'ready' }
  /** Answers `mark`: what happened since the last mark or the start. */
  | { type: 'marked'; counts: LoadCounts }
  | { type: 'done'; counts: LoadCounts; sent: ExpectedRows[] }
  | { type: 'failed'; reason: string };

export interface LoadCounts {
  messages: number;
  rows: number;
  /** Payload bytes, without the framing of MQTT and WebSocket. */
  bytes: number;
  acknowledged: number;
  rejected: number;
  seconds: number;
  /** Buckets of a LatencyHistogram: from handing a message to the socket to its answer. */
  latency: number[];
}
