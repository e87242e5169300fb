import type { BenchCase } from '../bench-case.js';
import { ENCODER_CASES } from '../encoders/encoder-cases.js';
import { measureEncoders } from '../encoders/measure-encoders.js';

/** Sinks' encoders alone, without a store. */
export const encoders: BenchCase = {
  name: 'encoders',
  summary: 'columns of ten channels to line protocol and Parquet in one thread, with cells of several kinds',
  run: (context) => measureEncoders(context, ENCODER_CASES),
};
