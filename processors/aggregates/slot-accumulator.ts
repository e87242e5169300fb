import { deserialize, serialize } from 'node:v8';
import type { BoxedForm, FlatForm } from './aggregate.js';
import { joinKinds, nameOfKind } from './kind.js';
import { type AnyBoxed, boxedFor, formFor, isFlat, type Layout } from './layout.js';
import type { ResultCells } from './result-cells.js';
import type { AggregateInputs } from './row-arguments.js';
import type { StepPlace } from './step-place.js';

/** What the aggregates of a step keep of some rows. */
export interface Accumulator {
  /** Rows from (incl.) to (excl.), ascending in time; may begin before where the last ones ended. */
  add(inputs: AggregateInputs, from: number, to: number): void;
  /** Takes in what another accumulator has, whose rows come after these. */
  merge(later: Accumulator): void;
  save(): Uint8Array;
}

interface Saved {
  kinds: Uint8Array;
  flat: Float64Array;
  boxed: unknown[];
}

/** All flat states lie in one array; the others are objects. */
export class SlotAccumulator implements Accumulator {
  /** What each argument has held so far. */
  kinds: Uint8Array;
  private lastKinds: Uint8Array | null = null;
  private readonly flat: Float64Array;
  /** For each state: how it is kept when it is not flat, and what is kept. */
  private readonly forms: (AnyBoxed | null)[];
  private readonly boxed: unknown[];

  constructor(
    private readonly layout: Layout,
    private readonly place: StepPlace,
    saved: Uint8Array | null = null,
  ) {
    const { states, args, slots } = layout;
    if (saved === null) {
      this.kinds = new Uint8Array(args.length);
      this.flat = new Float64Array(slots);
      this.forms = states.map((state) => state.boxed);
      this.boxed = this.forms.map((form) => form?.create() ?? null);
      for (const { flat, at } of states) flat?.init(this.flat, at);
      return;
    }
    const { kinds, flat, boxed } = deserialize(saved) as Saved;
    this.kinds = kinds;
    this.flat = flat;
    this.forms = states.map((state) => boxedFor(state, kinds));
    this.boxed = this.forms.map((form, s) => (form?.restore ? form.restore(boxed[s]) : boxed[s]));
  }

  add(inputs: AggregateInputs, from: number, to: number): void {
    if (inputs.kinds !== this.lastKinds) {
      this.meet(inputs.kinds);
      this.lastKinds = inputs.kinds;
    }
    const { states } = this.layout;
    const { timeUs, flatArgs } = inputs;
    for (let s = 0; s < states.length; s++) {
      const form = this.forms[s]!;
      if (form === null) states[s]!.flat!.add(this.flat, states[s]!.at, flatArgs[s]!, timeUs, from, to);
      else this.addBoxed(s, form, inputs, from, to);
    }
  }

  merge(later: Accumulator): void {
    const { kinds, flat, boxed } = later as SlotAccumulator;
    this.meet(kinds);
    this.layout.states.forEach((state, s) => {
      const form = this.forms[s]!;
      if (form === null) state.flat!.merge(this.flat, state.at, flat, state.at);
      // Where the later one has met no texts as yet, it has nothing to give.
      else if ((later as SlotAccumulator).forms[s] === form) this.guard(s, () => form.merge(this.boxed[s], boxed[s]));
    });
  }

  save(): Uint8Array {
    const boxed = this.boxed.map((state, s) => this.forms[s]?.save?.(state) ?? state);
    return serialize({ kinds: this.kinds, flat: this.flat, boxed } satisfies Saved);
  }

  /** Writes the results of all calls into a row. */
  write(cells: readonly ResultCells[], row: number): void {
    const { calls, states } = this.layout;
    for (let c = 0; c < calls.length; c++) {
      const call = calls[c]!;
      const form = formFor(call, this.kinds);
      const out = cells[c]!;
      if (!isFlat(form)) this.writeBoxed(form, call.state, call.call.constants, out, row);
      else if (!(form as FlatForm).result(this.flat, states[call.state]!.at, out.values, row)) out.setNull(row);
    }
  }

  private writeBoxed(
    form: BoxedForm<unknown>,
    state: number,
    constants: readonly number[],
    out: ResultCells,
    row: number,
  ): void {
    try {
      out.set(row, form.result(this.boxed[state], constants));
    } catch (cause) {
      throw this.place.failed(this.layout.states[state]!.place, cause);
    }
  }

  private addBoxed(s: number, form: AnyBoxed, inputs: AggregateInputs, from: number, to: number): void {
    const args = this.layout.states[s]!.args.map((arg) => inputs.texts[arg] ?? inputs.numbers[arg]!);
    this.guard(s, () => form.add(this.boxed[s], args, inputs.timeUs, from, to));
  }

  private guard(s: number, next: () => unknown): void {
    try {
      this.boxed[s] = next();
    } catch (cause) {
      throw this.place.failed(this.layout.states[s]!.place, cause);
    }
  }

  /** An argument that turns out to be a text had nothing but nulls so far, so its state begins anew. */
  private meet(kinds: Uint8Array): void {
    const joined = meetKinds(this.kinds, kinds, this.layout, this.place);
    if (joined === this.kinds) return;
    this.kinds = joined;
    this.layout.states.forEach((state, s) => {
      const form = boxedFor(state, joined);
      if (form === this.forms[s]) return;
      this.forms[s] = form;
      this.boxed[s] = form!.create();
    });
  }
}

/** The kinds that take both; `known` itself when it does. Throws where an argument was a text and is none now. */
export function meetKinds(known: Uint8Array, found: Uint8Array, layout: Layout, place: StepPlace): Uint8Array {
  let joined = known;
  for (let a = 0; a < known.length; a++) {
    const kind = joinKinds(known[a]!, found[a]!);
    if (kind === known[a]) continue;
    if (kind < 0) {
      const cause = new Error(
        `an aggregate took ${nameOfKind(known[a]!)} of these rows before, and now finds ${nameOfKind(found[a]!)}`,
      );
      throw place.failed(layout.args[a]!.place, cause);
    }
    if (joined === known) joined = known.slice();
    joined[a] = kind;
  }
  return joined;
}
