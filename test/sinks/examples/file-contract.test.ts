import { sinkContract } from '../../contract/sink.js';
import { file } from './under-test.js';

sinkContract({
  title: 'example of a sink, file',
  under: file,
  module: new URL('./under-test.js', import.meta.url).href,
  exportName: 'file',
  descriptorsMax: 30,
});
