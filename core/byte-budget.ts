/**
 * The one budget for bytes held between socket and bus. Taking never fails: what has arrived must be held. The budget
 * says when to stop reading (`pressed`) and calls back when reading may go on, at three quarters of the limit, so that
 * sockets do not flap.
 */
export class ByteBudget {
  private used = 0;
  private high = 0;
  private isPressed = false;
  private readonly listeners = new Set<(pressed: boolean) => void>();

  constructor(readonly limitBytes: number) {}

  get usedBytes(): number {
    return this.used;
  }
  get peakBytes(): number {
    return this.high;
  }
  get pressed(): boolean {
    return this.isPressed;
  }

  take(bytes: number): void {
    this.used += bytes;
    if (this.used > this.high) this.high = this.used;
    if (!this.isPressed && this.used >= this.limitBytes) this.change(true);
  }

  release(bytes: number): void {
    this.used -= bytes;
    if (this.isPressed && this.used <= this.limitBytes * 0.75) this.change(false);
  }

  /** Calls `listener(pressed)` on each change; the returned function ends it. */
  onChange(listener: (pressed: boolean) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private change(pressed: boolean): void {
    this.isPressed = pressed;
    for (const listener of [...this.listeners]) listener(pressed);
  }
}
