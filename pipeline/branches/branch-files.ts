import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PitwallError } from '../../core/errors.js';
import type { Position } from '../../sinks/sink.js';

/** What somebody wants of a branch. `id` tells one wish from the next. */
export type BranchWish = { id: string } & ({ do: 'pause' } | { do: 'resume' } | { do: 'rewind'; to: Position[] });

/** What the process that runs the branch keeps of wishes. */
export interface BranchState {
  /** Also after a restart. */
  paused: boolean;
  /** The wish that was carried out last, and why it could not be. */
  answered: string | null;
  error: string | null;
}

/** How far a branch has come in this process, as of a moment ago. */
export interface BranchReach {
  /** Everything before is in the store; topics as the bus names them. */
  positions: Position[];
}

const NEW_STATE: BranchState = { paused: false, answered: null, error: null };

/**
 * A command and the process that runs a branch meet in files of the branch's folder: who may write there may command it,
 * and a wish waits for a process that is not there yet.
 */
export class BranchFiles {
  constructor(private readonly folder: string) {}

  get wish(): BranchWish | null {
    return read<BranchWish>(join(this.folder, 'wish.json'));
  }

  set wish(wish: BranchWish) {
    this.write('wish.json', wish);
  }

  get state(): BranchState {
    return read<BranchState>(join(this.folder, 'state.json')) ?? NEW_STATE;
  }

  set state(state: BranchState) {
    this.write('state.json', state);
  }

  get reach(): BranchReach | null {
    return read<BranchReach>(join(this.folder, 'reach.json'));
  }

  set reach(reach: BranchReach) {
    this.write('reach.json', reach, false);
  }

  private write(name: string, value: unknown, flush = true): void {
    mkdirSync(this.folder, { recursive: true });
    const path = join(this.folder, name);
    writeFileSync(`${path}.new`, JSON.stringify(value), { flush });
    renameSync(`${path}.new`, path);
  }
}

function read<T>(path: string): T | null {
  if (!existsSync(path)) return null;
  const text = readFileSync(path, 'utf8');
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new PitwallError('internal', `${path} is no JSON; delete it`, { stage: 'pipeline', cause });
  }
}
