// Runs the example's own test, as its user does, from its sources.
await import(new URL('../../../../examples/sinks/one-file.test.mjs', import.meta.url).href);
