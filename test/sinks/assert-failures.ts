import assert from 'node:assert/strict';

/** What a child process said, a line a failure: three of the sink, all of which pass, with messages like this. */
export function assertFailures(output: string, message: RegExp): void {
  const failures = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { code: string; retryable: boolean; message: string });
  assert.equal(failures.length, 3);
  for (const failure of failures) {
    assert.deepEqual([failure.code, failure.retryable], ['sink-failed', true], failure.message);
    assert.match(failure.message, message);
  }
}
