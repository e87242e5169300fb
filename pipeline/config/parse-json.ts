/** What a JSON text holds. Throws an Error that begins with the place; `where` names that of a character. */
export function parseJson(text: string, where: (at: number) => string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const at = Number(/at position (\d+)/.exec(message)?.[1] ?? text.length);
    throw new Error(`${where(at)} is no JSON: ${message}`);
  }
}

/** `line 3`, where a character of a text stands. */
export function lineOf(text: string, at: number): string {
  return `line ${text.slice(0, at).split('\n').length}`;
}
