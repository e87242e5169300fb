import type { BoxedForm, BoxedState } from '../aggregate.js';

/** States of texts are never changed, only replaced. Of texts that compare as equal the one that is there stays. */
function bestText(better: (text: string, than: string) => boolean): BoxedForm<string | null> {
  const pick = (best: string | null, text: string | null): string | null =>
    best === null || (text !== null && better(text, best)) ? text : best;
  const boxed: BoxedState<string | null> = {
    create: () => null,
    add(state, args, _timeUs, from, to) {
      const texts = args[0]!;
      let best = state;
      for (let i = from; i < to; i++) {
        const text = texts[i];
        if (typeof text === 'string') best = pick(best, text);
      }
      return best;
    },
    merge: pick,
  };
  return { boxed, result: (state) => state };
}

type StampedText = { readonly text: string; readonly timeUs: number } | null;

/** The text whose time wins over the time that is known. */
function edgeText(wins: (timeUs: number, knownUs: number) => boolean, fromEnd: boolean): BoxedForm<StampedText> {
  const boxed: BoxedState<StampedText> = {
    create: () => null,
    add(state, args, timeUs, from, to) {
      const texts = args[0]!;
      const step = fromEnd ? -1 : 1;
      for (let i = fromEnd ? to - 1 : from; i >= from && i < to; i += step) {
        const text = texts[i];
        if (typeof text !== 'string') continue;
        return state === null || wins(timeUs[i]!, state.timeUs) ? { text, timeUs: timeUs[i]! } : state;
      }
      return state;
    },
    merge(earlier, later) {
      if (earlier === null || later === null) return earlier ?? later;
      return wins(later.timeUs, earlier.timeUs) ? later : earlier;
    },
  };
  return { boxed, result: (state) => state?.text ?? null };
}

/** By UTF-16 code unit, as comparisons of texts in expressions. */
export const MIN_TEXT = bestText((text, than) => text < than);
export const MAX_TEXT = bestText((text, than) => text > than);
export const FIRST_TEXT = edgeText((timeUs, knownUs) => timeUs < knownUs, false);
export const LAST_TEXT = edgeText((timeUs, knownUs) => timeUs >= knownUs, true);
