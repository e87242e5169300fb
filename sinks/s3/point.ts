/** A row's place on its partition: the offset of its record, and its row in it. As an end: the row behind the last. */
export interface Point {
  readonly offset: number;
  readonly row: number;
}

/** Below 0 where `a` comes first, 0 where they are the same. */
export function comparePoints(a: Point, b: Point): number {
  return a.offset - b.offset || a.row - b.row;
}

/** `0000000000001234.0000007`; sorts as the points do. */
export function pointText({ offset, row }: Point): string {
  return `${String(offset).padStart(16, '0')}.${String(row).padStart(7, '0')}`;
}

export function parsePoint(text: string): Point {
  const [offset, row] = text.split('.');
  return { offset: Number(offset), row: Number(row) };
}
