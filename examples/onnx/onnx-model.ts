import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { env, InferenceSession, Tensor } from 'onnxruntime-web';

// Pitwall has threads of its own, so that each scores on the one it runs on.
env.wasm.numThreads = 1;

/** What a module gives to its model, and takes from it. */
export interface ModelUse {
  /** Name of the one input, a float32 tensor [rows, features]. */
  input: string;
  /** What is given as the columns of the input, in that order. */
  features: readonly string[];
  /** Name of the output, a float32 tensor [rows] or [rows, 1]. */
  output: string;
}

/** Scores rows in one call: their features, row after row, to a number a row. */
export type Score = (features: Float32Array) => Promise<Float32Array>;

/** Loads a model. Throws an error that says what to do where it is not there, or is another one than the module uses. */
export async function loadModel(file: URL, use: ModelUse): Promise<Score> {
  const path = fileURLToPath(file);
  const session = await open(path);
  checkUse(path, session, use);
  const { input, output, features } = use;
  return (values) =>
    inTurn(async () => {
      const tensor = new Tensor('float32', values, [values.length / features.length, features.length]);
      return (await session.run({ [input]: tensor }, [output]))[output]!.data as Float32Array;
    });
}

async function open(path: string): Promise<InferenceSession> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const what = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : (cause as Error).message;
    throw new Error(`the model ${path} ${what}; train.py makes it`, { cause });
  }
  try {
    return await InferenceSession.create(bytes, { executionProviders: ['wasm'] });
  } catch (cause) {
    const what = `the model ${path} cannot be loaded: ${(cause as Error).message}`;
    throw new Error(`${what}; make it anew with train.py, for an opset that this runtime has`, { cause });
  }
}

function checkUse(path: string, session: InferenceSession, { input, features, output }: ModelUse): void {
  const inputs = session.inputMetadata.map(shown).join(', ');
  const wantedInput = `${input} float32[rows, ${features.length}]`;
  const [only] = session.inputMetadata;
  const isInput =
    session.inputMetadata.length === 1 &&
    only!.isTensor &&
    only!.name === input &&
    only!.type === 'float32' &&
    only!.shape.length === 2 &&
    typeof only!.shape[0] === 'string' &&
    only!.shape[1] === features.length;
  if (!isInput) {
    const what = `the model ${path} takes ${inputs}, and the module gives ${wantedInput} (${features.join(', ')})`;
    throw new Error(`${what}; export the model so, or change what the module gives`);
  }
  const found = session.outputMetadata.find(({ name }) => name === output);
  const isOutput = found?.isTensor && found.type === 'float32' && found.shape.slice(1).every((size) => size === 1);
  if (!isOutput) {
    const what = `the model ${path} gives ${session.outputMetadata.map(shown).join(', ')}`;
    throw new Error(`${what}, and the module takes ${output} float32[rows, 1]; export the model so`);
  }
}

function shown(value: InferenceSession.ValueMetadata): string {
  return value.isTensor
    ? `${value.name} ${value.type}[${value.shape.join(', ')}]`
    : `${value.name}, which is no tensor`;
}

let last: Promise<unknown> = Promise.resolve();

/**
 * One call after the other, for all models of a thread. A call of this runtime waits in between, with its arguments on the
 * one stack that they share: calls that overlap never give all of it back, and after some 100,000 of them it is used up.
 */
function inTurn<T>(call: () => Promise<T>): Promise<T> {
  const mine = last.then(call);
  last = mine.catch(() => undefined);
  return mine;
}
