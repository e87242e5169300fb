import { sinkContract } from '../../contract/sink.js';
import { parquet } from './under-test.js';

sinkContract({
  title: 'file sink, parquet',
  under: parquet,
  module: new URL('./under-test.js', import.meta.url).href,
  exportName: 'parquet',
  descriptorsMax: 30,
});
