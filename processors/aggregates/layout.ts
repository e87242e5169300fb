import type { Node } from '../expressions/ast.js';
import type { BoxedForm, BoxedState, FlatForm, FlatState, Form } from './aggregate.js';
import type { AggregateCall } from './aggregate-expression.js';
import { NONE, NUMBER, TEXT } from './kind.js';

// biome-ignore lint/suspicious/noExplicitAny: a state is only ever given back to what made it
export type AnyBoxed = BoxedState<any>;

/** A row expression that some calls take. */
export interface ArgumentSlot {
  readonly node: Node;
  /** Where it stands first. */
  readonly place: Place;
}

/** A column of the step and its expression, for messages. */
export interface Place {
  readonly column: string;
  readonly text: string;
}

/** Something that is kept; several calls may read it. */
export interface StateSlot {
  /** For numbers: either flat, in the slots from `at` on, or boxed. */
  readonly flat: FlatState | null;
  readonly at: number;
  readonly boxed: AnyBoxed | null;
  /** For texts, when they are looked at. */
  readonly texts: AnyBoxed | null;
  readonly args: readonly number[];
  readonly place: Place;
}

export interface CallSlot {
  readonly call: AggregateCall;
  readonly state: number;
  readonly args: readonly number[];
  /** Where it stands first. */
  readonly place: Place;
}

/**
 * What a step keeps for its calls: equal arguments are evaluated once, and calls that read one state (mean and sum of the
 * same column) share it.
 */
export class Layout {
  readonly args: ArgumentSlot[] = [];
  readonly states: StateSlot[] = [];
  readonly calls: CallSlot[] = [];
  /** Slots of all flat states. */
  slots = 0;
  private readonly argumentsByKey = new Map<string, number>();
  private readonly statesByArguments = new Map<string, number[]>();

  add(call: AggregateCall, place: Place): void {
    if (this.calls.some((known) => known.call.key === call.key)) return;
    const args = call.args.map(({ key, node }) => {
      const known = this.argumentsByKey.get(key);
      if (known !== undefined) return known;
      this.argumentsByKey.set(key, this.args.length);
      return this.args.push({ node, place }) - 1;
    });
    this.calls.push({ call, args, state: this.stateOf(call, args, place), place });
  }

  private stateOf(call: AggregateCall, args: readonly number[], place: Place): number {
    const { numbers, texts } = call.entry;
    const candidates = this.statesByArguments.get(args.join()) ?? [];
    this.statesByArguments.set(args.join(), candidates);
    const flat = isFlat(numbers) ? numbers.state : null;
    const boxed = isFlat(numbers) ? null : numbers.boxed;
    const ofTexts = texts === null ? null : (texts as BoxedForm<unknown>).boxed;
    const known = candidates.find((index) => {
      const state = this.states[index]!;
      return state.flat === flat && state.boxed === boxed && state.texts === ofTexts;
    });
    if (known !== undefined) return known;
    const index = this.states.push({ flat, at: this.slots, boxed, texts: ofTexts, args, place }) - 1;
    if (flat) this.slots += flat.slots;
    candidates.push(index);
    return index;
  }
}

export function isFlat(form: Form): form is FlatForm {
  return 'state' in form;
}

/** Whether the arguments are texts that the state looks at. */
function looksAtTexts(state: StateSlot, kinds: ArrayLike<number>): boolean {
  return state.texts !== null && kinds[state.args[0]!] === TEXT;
}

/** The boxed state for arguments of these kinds; null where it is flat. */
export function boxedFor(state: StateSlot, kinds: ArrayLike<number>): AnyBoxed | null {
  return looksAtTexts(state, kinds) ? state.texts : state.boxed;
}

/** The form that reads a call's state for arguments of these kinds. */
export function formFor({ call, args }: CallSlot, kinds: ArrayLike<number>): Form {
  const { numbers, texts } = call.entry;
  return texts !== null && kinds[args[0]!] === TEXT ? texts : numbers;
}

/** What the call gives for arguments of these kinds; NONE while nothing it reads is there. */
export function resultKind({ call, args }: CallSlot, kinds: ArrayLike<number>): number {
  switch (call.entry.gives) {
    case 'count':
      return NUMBER;
    case 'same':
      return kinds[args[0]!]!;
    case 'number':
      return args.some((arg) => kinds[arg] !== NONE) ? NUMBER : NONE;
  }
}
