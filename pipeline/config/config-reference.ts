import { topKeys } from './keys/top-keys.js';
import { referenceRows } from './spec/collections.js';
import type { ReferenceRow } from './spec/spec.js';

/** The reference of all keys as Markdown: a table for each key of the top level, and for each type of what has types. */
export function configReference(): string {
  return Object.entries(topKeys)
    .flatMap(([name, key]) => {
      const rows = referenceRows({ [name]: key }, '');
      const variants = [...new Set(rows.map((row) => row.variant))];
      return variants.map((variant) => {
        const heading = variant === undefined ? `### ${name}` : `#### ${name}, \`${variant}\``;
        return table(
          heading,
          rows.filter((row) => row.variant === variant),
        );
      });
    })
    .join('\n\n');
}

function table(heading: string, rows: readonly ReferenceRow[]): string {
  const lines = rows.map((row) => {
    const cells = [
      `\`${row.where}\``,
      row.typeText,
      row.defaultText,
      `${row.doc}.${row.example ? ` Example: \`${row.example}\`` : ''}`,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return [heading, '', '| key | type | default | meaning |', '|---|---|---|---|', ...lines].join('\n');
}
