import { join } from 'node:path';
import type { Logger } from '../../core/logger.js';
import type { BranchCommands } from './branch-commands.js';
import { BranchFiles } from './branch-files.js';

const LOOK_MS = 500;

/** Carries out what commands want of the branches of this process, and remembers which are paused. */
export class BranchControl {
  private readonly files: Map<string, BranchFiles>;
  private timer: NodeJS.Timeout | null = null;
  private looking = false;

  constructor(
    folder: string,
    branches: readonly string[],
    private readonly logger: Logger,
  ) {
    this.files = new Map(branches.map((name) => [name, new BranchFiles(join(folder, name))]));
  }

  isPaused(branch: string): boolean {
    return this.files.get(branch)?.state.paused ?? false;
  }

  start(commands: BranchCommands): void {
    this.timer = setInterval(() => {
      if (this.looking) return;
      this.looking = true;
      void this.look(commands).finally(() => {
        this.looking = false;
      });
    }, LOOK_MS);
    this.timer.unref();
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
  }

  /** Branches side by side: one whose store is away may take its time. */
  private async look(commands: BranchCommands): Promise<void> {
    await Promise.all([...this.files].map(([name, files]) => this.carryOut(name, files, commands)));
  }

  private async carryOut(name: string, files: BranchFiles, commands: BranchCommands): Promise<void> {
    try {
      const { wish, state } = files;
      if (wish === null || wish.id === state.answered) return;
      let error: string | null = null;
      try {
        if (wish.do === 'rewind') await commands.rewind(name, wish.to);
        else await (wish.do === 'pause' ? commands.pause(name) : commands.resume(name));
      } catch (fault) {
        error = (fault as Error).message;
      }
      const paused = error !== null || wish.do === 'rewind' ? state.paused : wish.do === 'pause';
      files.state = { paused, answered: wish.id, error };
      this.logger.info(`branch ${name}: ${wish.do}${error === null ? '' : ` failed: ${error}`}`);
    } catch (fault) {
      this.logger.error(`branch ${name} cannot be commanded: ${(fault as Error).message}`);
    }
  }
}
