import type { CellData, EncoderCase, EncoderFormat } from './encoder-case.js';

const DATA: readonly CellData[] = ['decimals', 'scaled', 'f32', 'random', 'integers', 'texts'];
const FORMATS: readonly EncoderFormat[] = ['parquet', 'parquet snappy', 'parquet snappy records'];

const LINES = { format: 'line protocol', goalValues: 8e6 } as const;
const LINE_PROTOCOL: readonly EncoderCase[] = [
  ...DATA.map((data): EncoderCase => ({ ...LINES, name: `line protocol, ${data}`, data, rows: 1_000 })),
  { ...LINES, name: 'line protocol, decimals', data: 'decimals', rows: 20 },
];

const PARQUET = (['decimals', 'scaled'] as const).flatMap((data) =>
  FORMATS.map((format): EncoderCase => ({ format, name: `${format}, ${data}`, data, rows: 1_000, goalValues: 60e6 })),
);

export const ENCODER_CASES: readonly EncoderCase[] = [...LINE_PROTOCOL, ...PARQUET];
