import { join } from 'node:path';
import { cached, hasDocker, isCached, serverPort, skipIf } from './install.js';
import { inDocker } from './server-in-docker.js';
import { type ServerCommand, ServerProcess } from './server-process.js';
import { SmallDisk } from './small-disk.js';

/** Where one server keeps what it has, and listens: `host` is what it binds. */
export interface Place {
  readonly dir: string;
  readonly host: string;
  readonly port: number;
}

/** How to have servers of one kind. */
export interface ServerRecipe<Address> {
  /** In names of folders and containers. */
  name: string;
  /** The variable of the environment that may say where a server is. */
  variable: string;
  /** The form of its value, and what starts a server without it: for who reads that tests were skipped. */
  form: string;
  wants: string;
  /** The folder of the cache that `install` fills. */
  cached: string;
  canInstall(): boolean;
  install(dir: string): Promise<void>;
  /** Installing takes minutes, so that Docker, where there is one, comes before it. */
  slowToInstall?: boolean;
  native(installed: string, place: Place): ServerCommand;
  /** `argv` is what follows the name of the image, `entrypoint` the program of it where it is not the image's own. */
  docker: { image: string; entrypoint?: string; command(place: Place): ServerCommand };
  /** The value of `variable` for a server of ours. */
  given(port: number): string;
  addressOf(given: string): Address;
  /** The folder of its folder to which it writes what it is given. */
  data: string;
  /** Makes what has to be in the folder before the first start. */
  prepare?(place: Place): void;
  answers(address: Address): Promise<boolean>;
  /** After the first start. */
  setUp?(address: Address): Promise<void>;
}

export interface Lifecycle {
  /** Again, at the same address and on the same data, after `kill` or `stop`; resolves when it answers. */
  start(): Promise<void>;
  /** The orderly end. */
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open, and nothing answers. */
  pause(): void;
  resume(): void;
  /** Only where it has one. */
  disk: SmallDisk | null;
}

export interface StartOptions {
  /** Has it write to a disk of its own of this size, see `needsSmallDisk`; natively only. */
  diskMiB?: number;
}

/** What starts a server that is installed. */
type Program = (place: Place) => ServerCommand;

/** The reason of a skipped test is one line, though the output of a compiler may be behind it. */
const MESSAGE_MAX = 600;

/** Servers of one kind, for tests: one that they share, or one of their own. All end with this process. */
export class RealServers<Address extends object> {
  private installed: Promise<Program> | null = null;
  private sharedOne: Promise<Address> | null = null;

  constructor(private readonly recipe: ServerRecipe<Address>) {}

  /** Whether one can be started without installing anything. */
  get isInstalled(): boolean {
    return isCached(this.recipe.cached);
  }

  /** Options for a test that uses `shared`; installs the server if it has to. */
  async needsShared(): Promise<{ skip: string | false }> {
    return process.env[this.recipe.variable] ? { skip: false } : this.needsOwn();
  }

  /** Options for a test that uses `start`; installs the server if it has to. */
  async needsOwn(): Promise<{ skip: string | false }> {
    return this.install().then(
      () => skipIf(null),
      (error: Error) => skipIf(error.message.replaceAll(/\s+/g, ' ').slice(0, MESSAGE_MAX)),
    );
  }

  /** A server for all tests of this process, or the one that the environment names. They keep apart by names. */
  shared(): Promise<Address> {
    const given = process.env[this.recipe.variable];
    this.sharedOne ??= given ? Promise.resolve(this.recipe.addressOf(given)) : this.start();
    return this.sharedOne;
  }

  /** Starts a server for tests that stop it, kill it, or want it empty. */
  async start({ diskMiB }: StartOptions = {}): Promise<Address & Lifecycle> {
    const { recipe } = this;
    const program = await this.install();
    const port = await serverPort();
    const address = recipe.addressOf(recipe.given(port));
    const server = new ServerProcess(
      recipe.name,
      () => disk?.on(program(place)) ?? program(place),
      () => recipe.answers(address).catch(() => false),
    );
    const place: Place = { dir: server.dir, port, host: this.how() === 'docker' ? '0.0.0.0' : '127.0.0.1' };
    recipe.prepare?.(place);
    const disk = diskMiB === undefined ? null : await SmallDisk.make(join(server.dir, recipe.data), diskMiB);
    await server.start();
    await recipe.setUp?.(address);
    return {
      ...address,
      start: () => server.start(),
      stop: () => server.stop(),
      kill: () => server.kill(),
      pause: () => server.pause(),
      resume: () => server.resume(),
      disk,
    };
  }

  /** Resolves when servers can be started; rejects, with what to do, if they cannot. */
  install(): Promise<Program> {
    this.installed ??= this.obtain();
    return this.installed;
  }

  private async obtain(): Promise<Program> {
    const { recipe } = this;
    const how = this.how();
    if (how === null) throw new Error(this.missing());
    try {
      if (how === 'docker') return await inDocker(recipe.name, recipe.docker);
      const dir = await cached(recipe.cached, (partial) => recipe.install(partial));
      return (place) => recipe.native(dir, place);
    } catch (error) {
      throw new Error(`${this.missing()}; it was tried: ${(error as Error).message}`);
    }
  }

  private how(): 'native' | 'docker' | null {
    const { recipe } = this;
    if (isCached(recipe.cached)) return 'native';
    const native = recipe.canInstall();
    if (hasDocker() && (recipe.slowToInstall || !native)) return 'docker';
    return native ? 'native' : null;
  }

  private missing(): string {
    const { name, wants, variable, form } = this.recipe;
    return `${name} cannot be started here: install ${wants}, or start Docker (or set ${variable}=${form} for the tests that can share a server)`;
  }
}
