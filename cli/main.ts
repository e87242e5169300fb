#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import type { Io } from './command.js';
import { dispatch } from './dispatch.js';

/** The process: streams, version, exit code. What it does stands in `dispatch`. */
function version(): string {
  const manifest = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

// A reader that has seen enough (`pitwall tap … | head`) closes the pipe; that is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  throw error;
});
// Who reads the log may go away; the gateway goes on.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const io: Io = { stdout: process.stdout, stderr: process.stderr, env: process.env };
process.exitCode = await dispatch(process.argv.slice(2), io, version());
