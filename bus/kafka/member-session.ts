/**
 * Until when the group surely counts on this member: it drops one that it has not heard of for a session. Counted from
 * when something was sent that the group then answered, so that it ends here no later than there.
 */
export class MemberSession {
  private endsAt = Number.POSITIVE_INFINITY;
  private limit = Number.POSITIVE_INFINITY;
  private timer: NodeJS.Timeout | null = null;

  /** `onOver` is called once when a session is over. */
  constructor(
    private readonly sessionMs: number,
    private readonly onOver: () => void,
  ) {}

  /** True also where the process stood still so long that the timer had no turn yet. */
  get isOver(): boolean {
    return performance.now() >= this.endsAt;
  }

  /** The group has taken the member in with what was sent at `sentAt` (of performance.now()). */
  begin(sentAt: number): void {
    this.limit = Number.POSITIVE_INFINITY;
    this.heard(sentAt);
  }

  /** The group has answered what was sent at `sentAt`. */
  heard(sentAt: number): void {
    this.endsAt = Math.min(sentAt + this.sessionMs, this.limit);
    this.schedule();
  }

  /** Whatever is heard, it ends at `at` if none begins before: the group waits for the member until then. */
  endBy(at: number): void {
    this.limit = at;
    this.endsAt = Math.min(this.endsAt, at);
    this.schedule();
  }

  /** There is none any more, until something is heard. */
  end(): void {
    this.endsAt = Number.POSITIVE_INFINITY;
    this.schedule();
  }

  private schedule(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (this.endsAt === Number.POSITIVE_INFINITY) return;
    this.timer = setTimeout(() => {
      // Timers may be early by a fraction of a millisecond.
      if (this.isOver) this.onOver();
      else this.schedule();
    }, this.endsAt - performance.now());
  }
}
