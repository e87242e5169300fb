import { sinkContract } from 'pitwall/sink-contract';
import { underTest } from './one-file.contract.mjs';

sinkContract({
  title: 'one file',
  under: underTest,
  // The contract kills processes, which find what is under test here.
  module: new URL('./one-file.contract.mjs', import.meta.url).href,
  exportName: 'underTest',
  descriptorsMax: 30,
});
