// Runs the example's own test, as its user does, from its sources.
await import(new URL('../../../../examples/sinks/lmdb-rows.test.mjs', import.meta.url).href);
