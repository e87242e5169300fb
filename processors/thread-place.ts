import type { Session } from 'node:inspector';
import { userPlace } from './modules/user-place.js';

/** A thread that runs JavaScript answers within milliseconds; one in a call of the system does not before that ends. */
const ANSWER_MS_MAX = 500;
/** For an answer that is on its way. */
const EXIT_WAIT_MS = 100;
/** Deep enough for what an installed package does on behalf of a module. */
const FRAMES_MAX = 200;
const QUESTION = JSON.stringify({
  id: 1,
  method: 'Runtime.evaluate',
  params: {
    expression: `(() => {
      const { stackTraceLimit } = Error;
      Error.stackTraceLimit = ${FRAMES_MAX};
      try { return new Error().stack; } finally { Error.stackTraceLimit = stackTraceLimit; }
    })()`,
  },
});

/**
 * Where in the users' own files a worker thread is at this moment, though it does not return: `FILE:LINE:COLUMN`. Null where
 * it is in none of them, or does not say so in time.
 *
 * Messages of the inspector interrupt the code that runs (nodejs.org/api/inspector.html, domain NodeWorker), and what they
 * evaluate stands on its stack. The thread is not paused, and goes on unchanged. An end that comes while it evaluates ends the
 * evaluation alone: who ends the thread does so again until it has ended, and the end of the process, which cannot, waits for
 * the answer.
 */
export async function threadPlace(threadId: number): Promise<string | null> {
  let session: Session | null = null;
  let timer: NodeJS.Timeout | undefined;
  const beforeExit = () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EXIT_WAIT_MS);
  process.once('exit', beforeExit);
  try {
    // Not every build of Node has it.
    const inspector = await import('node:inspector');
    session = new inspector.Session();
    session.connect();
    const tooLate = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, ANSWER_MS_MAX, null);
    });
    return userPlace({ stack: await Promise.race([stackOf(session, threadId), tooLate]) });
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    session?.disconnect();
    process.off('exit', beforeExit);
  }
}

function stackOf(session: Session, threadId: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
      // The number that the inspector gives a thread is another.
      if (!workerInfo.title.startsWith(`[worker ${threadId}]`)) return;
      session.post('NodeWorker.sendMessageToWorker', { sessionId, message: QUESTION });
    });
    session.on('NodeWorker.receivedMessageFromWorker', ({ params: { message } }) => {
      const { result } = JSON.parse(message) as { result?: { result?: { value?: unknown } } };
      resolve(result?.result?.value);
    });
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, (error) => {
      if (error) reject(error);
    });
  });
}
