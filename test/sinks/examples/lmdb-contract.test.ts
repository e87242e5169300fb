import { sinkContract } from '../../contract/sink.js';
import { lmdb } from './under-test.js';

sinkContract({
  title: 'example of a sink, lmdb',
  under: lmdb,
  module: new URL('./under-test.js', import.meta.url).href,
  exportName: 'lmdb',
  descriptorsMax: 30,
});
