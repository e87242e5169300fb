import { basename } from 'node:path';
import { PitwallError } from '../core/errors.js';
import { loadModule } from '../processors/modules/load-module.js';
import { badModule, thrownFault } from '../processors/modules/module-fault.js';
import { userPlace } from '../processors/modules/user-place.js';
import type { Auditor } from '../sinks/auditor.js';
import type { Store } from '../sinks/delivery/store.js';
import { StoreFault } from '../sinks/delivery/store-fault.js';
import type { Sink } from '../sinks/sink.js';
import type { StoreLook } from '../sinks/store-look.js';
import type { ModuleSinkOptions } from './config/sinks/module.js';

/** What the default export of a sink's module is given. */
export interface SinkModuleContext<Options = Readonly<Record<string, unknown>>> {
  /** Of the sink, as the configuration has it. */
  name: string;
  /** Those of the configuration file as they are, with variables replaced: they may hold secrets. */
  options: Options;
  /** A folder that is the sink's own, absolute; it may have to be made. What must be remembered goes there. */
  stateFolder: string;
}

/** A store as modules may write it: what is left out has a default. */
export type ModuleStore<Request> = Pick<Store<Request>, 'builder' | 'send'> &
  Partial<Store<Request>> &
  ModuleAnswers & {
    /** For `pitwall check --connect`: reaches the store and changes nothing; resolves with what was found, in a few words. */
    check?(signal: AbortSignal): Promise<string>;
  };

/** What a store or a sink of a module may offer beside. */
export interface ModuleAnswers {
  /** For `pitwall audit`, which calls nothing else of it: asks the store which rows it holds, and changes nothing. */
  auditor?(): Auditor | Promise<Auditor>;
}

const EXAMPLE = 'write export default function createSink({ name, options, stateFolder }) { … }';
const OF_SINK = ['open', 'write', 'flush', 'close'] as const;
const OF_STORE = ['builder', 'send'] as const;

type Made = ModuleStore<unknown> | (Sink & ModuleAnswers);
type Create = (context: SinkModuleContext) => Made | Promise<Made>;

/**
 * The default export of a sink's module. Throws `bad-configuration`, with the place in the user's file where there is one,
 * where the module cannot be loaded or exports nothing that makes a sink.
 */
export async function loadSinkModule(path: string): Promise<Create> {
  const { default: create } = await loadModule(path);
  if (typeof create === 'function') return create as Create;
  const what =
    create === undefined ? 'has no default export' : `exports ${kindOf(create)} by default, and not a function`;
  throw badModule(path, `${what}; ${EXAMPLE}`);
}

/** What a module makes: a store, with all that it may leave out, or a sink. */
export async function makeFromModule(
  name: string,
  { module, options }: ModuleSinkOptions,
  stateFolder: string,
): Promise<Store<unknown> | Sink> {
  const made = await makeOfModule(name, { module, options }, stateFolder);
  return 'send' in made ? completedStore(made, module) : made;
}

export function isStore(made: Store<unknown> | Sink): made is Store<unknown> {
  return 'send' in made;
}

/** For `check --connect`; only what the module offers for it is called. */
export async function lookAtModule(name: string, options: ModuleSinkOptions, timeoutMs: number): Promise<StoreLook> {
  try {
    const made = await makeOfModule(name, options, '');
    const check = 'send' in made ? made.check : undefined;
    const found =
      (await check?.call(made, AbortSignal.timeout(timeoutMs))) ??
      'the module has no check, so its store was not tried';
    return { found: String(found), warnings: [], faults: [] };
  } catch (error) {
    return { found: '', warnings: [], faults: [error instanceof PitwallError ? error.message : said(error)] };
  }
}

/** What a module makes, as it is. Throws where it is neither a store nor a sink. */
export async function makeOfModule(
  name: string,
  { module, options }: ModuleSinkOptions,
  stateFolder: string,
): Promise<Made> {
  const create = await loadSinkModule(module);
  let made: unknown;
  try {
    made = await create({ name, options, stateFolder });
  } catch (error) {
    throw thrownFault(module, error);
  }
  const isObject = typeof made === 'object' && made !== null;
  const has = (method: string): boolean => isObject && typeof (made as Record<string, unknown>)[method] === 'function';
  const wanted: readonly string[] = has('write') || has('flush') ? OF_SINK : OF_STORE;
  const missing = wanted.filter((method) => !has(method));
  if (missing.length === 0) return made as Made;
  if (!isObject || missing.length === wanted.length) {
    throw badModule(
      module,
      `makes ${kindOf(made)}, and neither a store (builder, send) nor a sink (${OF_SINK.join(', ')})`,
    );
  }
  throw badModule(module, `makes ${wanted === OF_SINK ? 'a sink' : 'a store'} without ${missing.join(', ')}`);
}

/** A module's store with what it leaves out. Its errors that are no StoreFault count as `away`, so that it is tried again. */
export function completedStore<Request>(store: ModuleStore<Request>, module: string): Store<Request> {
  const guarded = async <T>(action: () => T | Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      if (error instanceof PitwallError) throw error;
      throw new StoreFault('away', said(error), { cause: error });
    }
  };
  return {
    what: store.what ?? `module ${basename(module)}`,
    inFlightMax: store.inFlightMax ?? Number.POSITIVE_INFINITY,
    open: (signal) => guarded(() => store.open?.(signal)),
    builder: (refuse) => store.builder(refuse),
    send: (request, signal) => guarded(async () => (await store.send(request, signal)) ?? []),
    takeWarnings: () => store.takeWarnings?.() ?? [],
    close: () => guarded(() => store.close?.()),
  };
}

/** An error of a user's code, with its place. */
export function said(error: unknown): string {
  const place = userPlace(error);
  return `${place === null ? '' : `${place}: `}${String(error)}`;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
