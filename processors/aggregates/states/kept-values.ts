/** Values one aggregate keeps of one window, where it has to keep them; beyond that a window is too long for it. */
export const KEPT_VALUES_MAX = 1 << 20;

export function tooManyValues(): Error {
  return new Error(
    `one window has more than ${KEPT_VALUES_MAX.toLocaleString('en')} values to keep; make the window shorter`,
  );
}
