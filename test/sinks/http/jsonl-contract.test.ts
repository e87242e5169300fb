import { sinkContract } from '../../contract/sink.js';
import { jsonlGzip } from './under-test.js';

sinkContract({
  title: 'http sink, jsonl and gzip',
  under: jsonlGzip,
  module: new URL('./under-test.js', import.meta.url).href,
  exportName: 'jsonlGzip',
  descriptorsMax: 30,
});
