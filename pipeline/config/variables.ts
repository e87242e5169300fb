export type Environment = Readonly<Record<string, string | undefined>>;

/** What a scalar became. `faults` count their offset from the start of the text. */
export interface Expansion {
  text: string;
  /** Whether a value of the environment, or its default, stands in it: it is then never printed. */
  hasVariables: boolean;
  faults: { at: number; message: string }[];
}

const FORM = /\$\$|\$\{(?:([A-Za-z_]\w*)(?:(:-|:\?)([^}]*))?\})?/g;

/**
 * Replaces `${VAR}`, `${VAR:-default}` (also when it is set but empty) and `${VAR:?message}` in one scalar, `$$` by `$`.
 * What a variable holds is not looked at again. A `$` before anything else stands for itself.
 */
export function expandVariables(text: string, environment: Environment): Expansion {
  const faults: Expansion['faults'] = [];
  let hasVariables = false;
  const expanded = text.replace(FORM, (whole, name: string | undefined, operator?: string, rest?: string, at = 0) => {
    if (whole === '$$') return '$';
    if (name === undefined) {
      faults.push({
        at,
        message: `"\${" starts a variable; write \${NAME}, \${NAME:-default}, \${NAME:?message}, or $\${ for itself`,
      });
      return whole;
    }
    hasVariables = true;
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (operator === ':-') {
      if (rest!.includes('${'))
        faults.push({ at, message: `the default of \${${name}} may not hold a variable itself` });
      return value || rest!;
    }
    if (operator === ':?') {
      if (!value) faults.push({ at, message: `the variable ${name} is not set: ${rest || 'it is required'}` });
      return value ?? '';
    }
    if (value === undefined) {
      faults.push({ at, message: `the variable ${name} is not set; set it, or write \${${name}:-default}` });
    }
    return value ?? '';
  });
  return { text: expanded, hasVariables, faults };
}
