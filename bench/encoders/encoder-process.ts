import type { EncoderCase, EncoderResult } from './encoder-case.js';
import { linePass } from './line-pass.js';
import { parquetPass } from './parquet-pass.js';

/**
 * A child process that encodes batches in memory, over and over, in one thread, and throws the bytes away. Its case and
 * for how long are its arguments, the result goes over IPC.
 */
const one = JSON.parse(process.argv[2]!) as EncoderCase;
const durationMs = Number(process.argv[3]);
const pass = one.format === 'line protocol' ? linePass(one) : parquetPass(one);

for (const end = performance.now() + durationMs / 4; performance.now() < end; ) pass.run();
const cpu = process.cpuUsage();
const startMs = performance.now();
let values = 0;
let bytes = 0;
for (const end = startMs + durationMs; performance.now() < end; values += pass.values) bytes += pass.run();
const seconds = (performance.now() - startMs) / 1000;
const used = process.cpuUsage(cpu);
pass.check();
const result: EncoderResult = { values, bytes, seconds, cpuSeconds: (used.user + used.system) / 1e6 };
process.send!(result, () => process.disconnect());
