import { AggregateSet } from '../aggregates/aggregate-set.js';
import type { WindowStep } from '../plan.js';
import type { LaneState, StatefulStep } from '../verbs/lane-state.js';
import type { StepContext } from '../verbs/step-context.js';
import { AlignedWindows } from './aligned-windows.js';
import { ArrivalWindows } from './arrival-windows.js';
import { CutEdge, CutExpression } from './cut-edge.js';
import { describeWindows } from './describe-windows.js';
import { SessionWindows } from './session-windows.js';
import { SlidingWindows } from './sliding-windows.js';
import { UpdatingWindows } from './updating-windows.js';
import { RowCountEdge } from './window-edge.js';
import { WindowGrid } from './window-grid.js';
import { WindowRows } from './window-rows.js';
import type { WindowSettings } from './window-settings.js';

/** A window step, ready to be kept for each lane. */
export class WindowLanes implements StatefulStep {
  readonly shiftUs: number;
  private readonly settings: WindowSettings;
  private readonly grid: WindowGrid | null;
  private readonly cut: CutExpression | null;

  constructor(
    private readonly step: WindowStep,
    readonly context: StepContext,
  ) {
    const { kind, graceUs, idleUs, emit } = step;
    const aggregates = new AggregateSet(step.aggregate, 'window.aggregate', context);
    const rows = new WindowRows(aggregates);
    this.settings = { context, aggregates, rows, graceUs, idleUs, updates: emit === 'update' };
    this.grid = gridOf(step);
    this.shiftUs = this.grid?.sizeUs ?? ('slidingUs' in kind ? kind.slidingUs : 0);
    this.cut = 'cut' in kind ? new CutExpression(kind.cut, context) : null;
  }

  dueOf(timeUs: number): number {
    const { kind, graceUs, idleUs, emit } = this.step;
    if (emit === 'update') return Infinity;
    if (this.grid) return this.grid.firstEndUs(timeUs) + graceUs + idleUs;
    return timeUs + ('sessionUs' in kind ? kind.sessionUs : 0) + graceUs + idleUs;
  }

  dueAfter(latestUs: number): number {
    const { idleUs, emit } = this.step;
    return emit === 'update' ? Infinity : latestUs + idleUs;
  }

  create(): LaneState {
    return this.lane(new Map());
  }

  restore(saved: ReadonlyMap<string, Uint8Array>): LaneState {
    return this.lane(saved);
  }

  describe(saved: ReadonlyMap<string, Uint8Array>): Record<string, unknown> {
    return describeWindows(saved, this.settings.aggregates);
  }

  private lane(saved: ReadonlyMap<string, Uint8Array>): LaneState {
    const { settings, grid } = this;
    const { kind } = this.step;
    if (grid) return new (settings.updates ? UpdatingWindows : AlignedWindows)(settings, grid, saved);
    if ('slidingUs' in kind) return new SlidingWindows(settings, kind.slidingUs, saved);
    if ('sessionUs' in kind) return new SessionWindows(settings, kind.sessionUs, saved);
    const edge = 'rows' in kind ? new RowCountEdge(kind.rows) : new CutEdge(this.cut!);
    return new ArrivalWindows(settings, edge, saved);
  }
}

/** The longest that a row waits until its window is given as it stands. */
export function waitAfterUs({ kind, graceUs, idleUs, emit }: WindowStep): number {
  if (emit === 'update') return 0;
  const spans = 'tumblingUs' in kind ? kind.tumblingUs : 'hopping' in kind ? kind.hopping.sizeUs : 0;
  return spans + ('sessionUs' in kind ? kind.sessionUs : 0) + graceUs + idleUs;
}

function gridOf({ kind }: WindowStep): WindowGrid | null {
  if ('tumblingUs' in kind) return new WindowGrid(kind.tumblingUs, kind.tumblingUs);
  return 'hopping' in kind ? new WindowGrid(kind.hopping.sizeUs, kind.hopping.stepUs) : null;
}
