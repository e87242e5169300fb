import { sinkContract } from '../../contract/sink.js';
import { jsonl } from './under-test.js';

sinkContract({
  title: 'file sink, jsonl',
  under: jsonl,
  module: new URL('./under-test.js', import.meta.url).href,
  exportName: 'jsonl',
  descriptorsMax: 30,
});
