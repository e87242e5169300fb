import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PitwallError } from '../../core/errors.js';
import type { Sink, SinkBatch } from '../../sinks/sink.js';
import { CONNECTION_FAULTS, type ConnectionFault } from '../support/connection-fault.js';
import { FaultyHttpProxy, type HttpFault } from '../support/faulty-http-proxy.js';
import { FaultyTcpProxy } from '../support/faulty-tcp-proxy.js';
import { assertStored, type SinkUnderTest, temporary } from './sink.js';
import { workload } from './sink-workload.js';

/** A store that is reached through a proxy. */
export interface StoreBehindProxy {
  title: string;
  needs?: { skip: string | false };
  /** Where the real server is. */
  target(): Promise<{ host: string; port: number }>;
  /** `tcp`: the store speaks no HTTP, and is not answered for by the proxy. */
  protocol: 'http' | 'tcp';
  /** The sink with its store at `host`, `HOST:PORT`, and this timeout of its requests; rows are read back past the proxy. */
  behind(host: string, timeoutMs: number): Promise<SinkUnderTest>;
}

interface FaultCase<Fault> {
  title: string;
  fault: Fault;
}

const CONNECTIONS: readonly FaultCase<ConnectionFault>[] = CONNECTION_FAULTS.map((fault) => ({ title: fault, fault }));
/** Each once for a request that is all right, as a gateway or a store in trouble may answer. */
const STATUSES: readonly FaultCase<HttpFault>[] = [
  ...[400, 401, 403, 409, 413].map((status) => answer(status)),
  answer(429, { 'retry-after': '0' }),
  answer(500),
  answer(503, { 'retry-after': '0' }),
];
const TIMEOUT_MS = 500;
const ATTEMPTS_MAX = 60;

/**
 * What `Sink` promises when the way to its store, or the store, fails: fed again after each fault it ends with the rows of an
 * untouched run, whether the store had done what it did not get to answer, or not. Every fault passes: none ends the branch.
 */
export function sinkFaultContract(store: StoreBehindProxy): void {
  const { title, needs = { skip: false }, protocol } = store;
  const cases = protocol === 'http' ? [...CONNECTIONS, ...STATUSES] : CONNECTIONS;
  for (const { title: what, fault } of cases) {
    test(`${title}: after ${what}, once and twice in a row, every row is stored once.`, needs, async (t) => {
      const { host, port } = await store.target();
      const proxy =
        protocol === 'http'
          ? await FaultyHttpProxy.start(`http://${host}:${port}`)
          : await FaultyTcpProxy.start(port, host);
      t.after(() => proxy.close());
      const planned = [null, fault, null, fault, fault];
      (proxy.faults as (HttpFault | null)[]).push(...planned);
      const folder = temporary(t);
      const at = proxy instanceof FaultyHttpProxy ? new URL(proxy.url).host : `127.0.0.1:${proxy.port}`;
      const under = await store.behind(at, TIMEOUT_MS);
      const batches = workload(51, 150);
      const sink = await under.make(folder);
      t.after(() => sink.close());
      const faults = await feedThrough(sink, batches);
      assert.ok(proxy.made >= 3, `only ${proxy.made} faults were made`);
      t.diagnostic(`${proxy.made} faults, of which the sink gave ${faults} back`);
      await assertStored(under, folder, batches);
    });
  }
}

function answer(status: number, headers: Record<string, string> = {}): FaultCase<HttpFault> {
  return { title: `an answer ${status}`, fault: { status, headers, body: '{"error":"not now"}' } };
}

/**
 * Feeds all of it as a branch does: after a fault it opens again, and goes on where the sink wants to be fed. Throws what
 * no attempt mends, and the last one of too many. Returns how many there were.
 */
export async function feedThrough(
  sink: Sink,
  batches: readonly SinkBatch[],
  attemptsMax = ATTEMPTS_MAX,
): Promise<number> {
  for (let faults = 0; ; ) {
    try {
      const next = new Map((await sink.open()).map(({ partition, offset }) => [partition, offset]));
      const rest = batches.filter(({ partition, offset }) => offset >= (next.get(partition) ?? 0));
      for (let i = 0; i < rest.length; i += 15) {
        await sink.write(rest.slice(i, i + 15));
        await sink.flush(i % 60 === 45);
      }
      await sink.flush(true);
      return faults;
    } catch (error) {
      if (!(error instanceof PitwallError) || !error.retryable || ++faults >= attemptsMax) throw error;
    }
  }
}
