/** Something wrong with a plan, and where. */
export interface PlanFault {
  processor: string;
  /** Where it stands in the YAML of the processor: `steps[1].columns.kmh`, `steps[2].join.prefix`, `from[0]`. */
  path: string;
  /** Place in the text of that value, from 0 in UTF-16 units; null when all of it is meant. */
  at: number | null;
  length: number;
  message: string;
  suggestion: string | null;
}

export type Path = readonly (string | number)[];

/** Notes a fault at a path of a processor. */
export type AddFault = (
  path: Path,
  message: string,
  place?: { at: number; length: number } | null,
  suggestion?: string | null,
) => void;

/** Adds faults of one processor, each only once though several inputs may lead to it. */
export function faultsOf(processor: string, faults: PlanFault[]): AddFault {
  return (at, message, place = null, suggestion = null) => {
    const path = at
      .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
      .join('')
      .replace(/^\./, '');
    if (faults.some((f) => f.processor === processor && f.path === path && f.message === message)) return;
    faults.push({ processor, path, at: place?.at ?? null, length: place?.length ?? 0, message, suggestion });
  };
}
