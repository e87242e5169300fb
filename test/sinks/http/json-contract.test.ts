import { sinkContract } from '../../contract/sink.js';
import { json } from './under-test.js';

sinkContract({
  title: 'http sink, json',
  under: json,
  module: new URL('./under-test.js', import.meta.url).href,
  exportName: 'json',
  descriptorsMax: 30,
});
