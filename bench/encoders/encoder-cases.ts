import type { CellData, EncoderCase } from './encoder-case.js';

const DATA: readonly CellData[] = ['decimals', 'scaled', 'f32', 'random', 'integers', 'texts'];

export const LINE_PROTOCOL: readonly EncoderCase[] = [
  ...DATA.map((data): EncoderCase => ({ name: `line protocol, ${data}`, data, rows: 1_000 })),
  { name: 'line protocol, decimals', data: 'decimals', rows: 20 },
];
