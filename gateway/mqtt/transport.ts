/** What carries the bytes of one MQTT connection: a TCP socket, or a WebSocket with binary messages. */
export interface Transport {
  readonly remoteAddress: string;
  /** False where reading cannot be stopped (WebSocket); such a connection is ended when it overruns its bounds. */
  readonly canPause: boolean;
  /** Bytes handed to `write` that the network has not taken yet. */
  readonly unsentBytes: number;
  /** Sends the bytes; the buffer is not touched again by the caller. */
  write(bytes: Uint8Array): void;
  /** Sends what is unsent, then closes. What still arrives is not wanted. */
  end(): void;
  pause(): void;
  resume(): void;
}

/** What the transport calls. */
export interface TransportHandler {
  /** Bytes as they arrived, in order; used during the call only. */
  receive(chunk: Buffer): void;
  /** The transport is gone; called once. */
  closed(): void;
  /** Unsent bytes have left, so `unsentBytes` is small again. */
  drained(): void;
}
