import { sinkContract } from '../../contract/sink.js';
import { csv } from './under-test.js';

sinkContract({
  title: 'file sink, csv',
  under: csv,
  module: new URL('./under-test.js', import.meta.url).href,
  exportName: 'csv',
  descriptorsMax: 30,
});
