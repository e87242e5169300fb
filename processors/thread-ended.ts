/** A worker thread has ended while it had tasks, or before it could take any. */
export class ThreadEnded extends Error {
  constructor(
    message: string,
    /** The lane whose code of users it ran; null where it ran none. */
    readonly lane: string | null,
    /** It was ended since that code did not return. */
    readonly silent = false,
    /** It died while it started: another is started after so long, and no task runs before. Null where it had started. */
    readonly againMs: number | null = null,
  ) {
    super(message);
  }
}
