import { BroadcastChannel } from 'node:worker_threads';

/** What a lane that is being opened tells meanwhile. */
export interface LaneProgress {
  lane: string;
  /** For people, such as "40% of its state is restored". */
  text: string | null;
  /** Nothing more follows. */
  ended: boolean;
}

/** Of this process alone: its threads share it. */
const CHANNEL = `pitwall-lane-progress-${process.pid}`;
/** What is over sooner is not worth a line. */
const FIRST_MS = 1_000;
const EVERY_MS = 2_000;

/** Tells how far a restore has come, now and then, from the thread of the lane to that of the scheduler. */
export class RestoreProgress {
  private dueMs = performance.now() + FIRST_MS;
  private readonly channel = new BroadcastChannel(CHANNEL);

  constructor(private readonly lane: string) {}

  report(done: number, total: number): void {
    if (performance.now() < this.dueMs || total === 0) return;
    this.dueMs = performance.now() + EVERY_MS;
    this.post(`restores its state: ${Math.floor((done / total) * 100)}% of ${total} records`, false);
  }

  /** `text`: what came of it, null where that is not worth a line. */
  end(text: string | null): void {
    this.post(text, true);
    this.channel.close();
  }

  private post(text: string | null, ended: boolean): void {
    const message: LaneProgress = { lane: this.lane, text, ended };
    this.channel.postMessage(message);
  }
}

/** Hears what lanes of this process tell; returns how to end it. */
export function onLaneProgress(hear: (progress: LaneProgress) => void): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = (event) => hear((event as { data: LaneProgress }).data);
  channel.unref();
  return () => channel.close();
}
