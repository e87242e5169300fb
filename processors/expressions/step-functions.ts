/** Functions that only some steps know, such as aggregates: name to the steps they belong in, `a window or rolling step`. */
const homes = new Map<string, string>();

/**
 * Notes where a function belongs, so that an expression elsewhere can say so. The module that has the functions calls
 * this: expressions do not know it.
 */
export function noteStepFunction(name: string, home: string): void {
  homes.set(name, home);
}

/** Where a function belongs that expressions themselves do not have; null when nobody has it. */
export function homeOf(name: string): string | null {
  return homes.get(name) ?? null;
}
