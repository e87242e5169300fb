import type { RecordedMessage } from './recording.js';

/** The messages of several recordings as one series by due time; equal times in the order of the recordings. */
export async function* mergeByTime(
  sources: readonly AsyncGenerator<RecordedMessage>[],
): AsyncGenerator<RecordedMessage> {
  const heads: { next: RecordedMessage; source: AsyncGenerator<RecordedMessage> }[] = [];
  for (const source of sources) {
    const { value, done } = await source.next();
    if (!done) heads.push({ next: value, source });
  }
  while (heads.length > 0) {
    let first = 0;
    for (let i = 1; i < heads.length; i++) if (heads[i]!.next.dueUs < heads[first]!.next.dueUs) first = i;
    const head = heads[first]!;
    yield head.next;
    const { value, done } = await head.source.next();
    if (done) heads.splice(first, 1);
    else head.next = value;
  }
}
