import { asyncBatchFunction } from 'pitwall';
import { loadModel } from './onnx-model.js';

const FEATURES = ['water', 'brakes', 'tyres'];
const WIDTH = FEATURES.length;

// Awaited when the module is loaded, which is once a thread.
const score = await loadModel(new URL('./oil.onnx', import.meta.url), {
  input: 'temps',
  features: FEATURES,
  output: 'oil',
});

/** How warm the oil should be, by the other temperatures; null where one of them is missing or no finite number. */
export default asyncBatchFunction({
  columns: { oil_expected: 'f32' },
  concurrency: 1,
  async batch({ rows, column }) {
    const temps = new Float32Array(rows * WIDTH);
    for (const [f, name] of FEATURES.entries()) {
      const cells = column(name);
      for (let row = 0; row < rows; row++) temps[row * WIDTH + f] = cells[row]!;
    }
    const oil_expected = await score(temps);
    // A model may well give a number for what is none: what it says of such a row is not taken.
    temps.forEach((temp, at) => {
      if (!Number.isFinite(temp)) oil_expected[Math.floor(at / WIDTH)] = Number.NaN;
    });
    return { oil_expected };
  },
});
