/** What a look at a store found, for whoever checks a configuration; texts without secrets. */
export interface StoreLook {
  /** What was found, where it can be used. */
  found: string;
  warnings: string[];
  /** Why it cannot be used; none: it can. */
  faults: string[];
}
