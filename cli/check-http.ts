import type { HttpSinkOptions } from '../sinks/http/http-sink-options.js';
import { HttpStore } from '../sinks/http/http-store.js';
import type { PlaceLook } from './check-places.js';

/** Asks the server with HEAD. Whether it takes rows is known once it gets some. */
export async function lookAtHttp(options: HttpSinkOptions, timeoutMs: number): Promise<PlaceLook> {
  const store = new HttpStore(options);
  try {
    const { status, text } = await store.ask(AbortSignal.timeout(timeoutMs));
    const doubts =
      status === 405 || status === 501 || status < 300 ? [] : [`answers HEAD with ${text}; POST may fail alike`];
    return { found: `${store.what} answers (HEAD: ${text})`, warnings: doubts, faults: [] };
  } catch (error) {
    return { found: '', warnings: [], faults: [`${store.what} ${(error as Error).message}`] };
  }
}
