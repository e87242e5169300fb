import { readFileSync } from 'node:fs';

const INTERVAL_MS = 50;
/** Clock ticks a second in /proc/PID/stat; 100 on every Linux that Node runs on. */
const TICKS_A_SECOND = 100;

/** Watches another process through /proc: the highest anonymous memory seen, and CPU time used. Linux only. */
export class ProcessSampler {
  private peak = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly pid: number) {
    this.sample();
    this.timer = setInterval(() => this.sample(), INTERVAL_MS);
  }

  get peakAnonymousBytes(): number {
    return this.peak;
  }

  /** User and system time of all its threads so far, in seconds. */
  cpuSeconds(): number {
    try {
      const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
    } catch {
      return Number.NaN;
    }
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private sample(): void {
    try {
      const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1];
      this.peak = Math.max(this.peak, Number(kib ?? 0) * 1024);
    } catch {
      this.stop();
    }
  }
}
