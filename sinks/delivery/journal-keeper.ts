import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PitwallError } from '../../core/errors.js';
import { Journal, syncFolder } from '../journal.js';
import type { Position } from '../sink.js';
import { sinkFailed } from '../sink-failed.js';
import type { PositionKeeper } from './delivery-options.js';

const JOURNAL_BYTES_MAX = 256 * 1024;

/** Positions in a file of a folder of their own. Errors are PitwallErrors `sink-failed`; after one, only `load` helps. */
export class JournalKeeper implements PositionKeeper {
  private readonly journal: Journal<Position[]>;
  private saved = '';

  constructor(private readonly folder: string) {
    this.journal = new Journal(join(folder, 'positions'), true);
  }

  load(): Position[] {
    return this.guard(() => {
      mkdirSync(this.folder, { recursive: true });
      const positions = this.journal.open().at(-1) ?? [];
      syncFolder(this.folder);
      this.saved = JSON.stringify(positions);
      return positions;
    });
  }

  save(positions: readonly Position[]): void {
    const text = JSON.stringify(positions);
    if (text === this.saved) return;
    this.guard(() => {
      if (this.journal.bytes > JOURNAL_BYTES_MAX) this.journal.replace([[...positions]]);
      else this.journal.append([...positions]);
    });
    this.saved = text;
  }

  close(): void {
    this.journal.close();
  }

  private guard<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (error instanceof PitwallError) throw error;
      const message = `positions cannot be kept in ${this.folder}: ${(error as Error).message}; make room, or mend its rights`;
      throw sinkFailed(message, true, error);
    }
  }
}
