/**
 * YAML ends a plain scalar inside `{ }` or `[ ]` at any brace, so `{ with: car/{car}/gps }` is no YAML, although
 * nothing else could be meant by it. Before parsing, the braces of captures that touch other text, and whatever of
 * `${VAR:-default}` YAML would stumble over, are put as noncharacters of the same length, so that all positions stay;
 * `unmask` puts them back in every text.
 */
const HIDDEN = '{},[]#:';
const FIRST = 0xfdd0;
const CAPTURE = /(?<=[\w./-])\{[A-Za-z_]\w*\}|\{[A-Za-z_]\w*\}(?=[\w./-])/g;
const VARIABLE = /\$\{[A-Za-z_]\w*(?::[-?][^}\n"']*)?\}/g;
const MASKED = /[\ufdd0-\ufdd6]/g;

export function mask(text: string): string {
  return text.replace(VARIABLE, hide).replace(CAPTURE, hide);
}

export function unmask(text: string): string {
  return text.replace(MASKED, (c) => HIDDEN[c.charCodeAt(0) - FIRST]!);
}

/** Where the text itself holds one of the characters used here, or -1. Unicode keeps them out of texts for interchange. */
export function maskClash(text: string): number {
  return text.search(MASKED);
}

function hide(part: string): string {
  let out = '';
  for (const c of part) {
    const at = HIDDEN.indexOf(c);
    out += at < 0 ? c : String.fromCharCode(FIRST + at);
  }
  return out;
}
