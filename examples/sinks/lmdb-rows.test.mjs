import { sinkContract } from 'pitwall/sink-contract';
import { underTest } from './lmdb-rows.contract.mjs';

sinkContract({
  title: 'LMDB',
  under: underTest,
  // The contract kills processes, which find what is under test here.
  module: new URL('./lmdb-rows.contract.mjs', import.meta.url).href,
  exportName: 'underTest',
  descriptorsMax: 30,
});
