import type { BenchCase } from '../bench-case.js';
import { LINE_PROTOCOL } from '../encoders/encoder-cases.js';
import { measureEncoders } from '../encoders/measure-encoders.js';

/** Sinks' encoders alone, without a store. */
export const encoders: BenchCase = {
  name: 'encoders',
  summary: 'columns of ten channels to the bytes of the line protocol in one thread, with cells of several kinds',
  run: (context) => measureEncoders(context, LINE_PROTOCOL),
};
