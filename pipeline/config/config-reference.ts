import { topKeys } from './keys/top-keys.js';
import { sinkTypes } from './sinks/sink-types.js';
import { referenceRows } from './spec/collections.js';
import type { ReferenceRow } from './spec/spec.js';

export type SinkType = keyof typeof sinkTypes;

/** The reference of all keys as Markdown: a table for each key of the top level, and for each type of what has types. */
export function configReference(): string {
  return Object.entries(topKeys)
    .flatMap(([name, key]) => {
      const rows = referenceRows({ [name]: key }, '');
      const variants = [...new Set(rows.map((row) => row.variant))];
      return variants.map((variant) => {
        const heading = variant === undefined ? `### ${name}` : `#### ${name}, \`${variant}\``;
        return `${heading}\n\n${table(rows.filter((row) => row.variant === variant))}`;
      });
    })
    .join('\n\n');
}

/** All options of one type of sink but its `type`, those that every sink has among them, as a table in Markdown. */
export function sinkReference(type: SinkType): string {
  return table(referenceRows(sinkTypes[type].keys, ''));
}

function table(rows: readonly ReferenceRow[]): string {
  const lines = rows.map((row) => {
    const cells = [
      `\`${row.where}\``,
      row.typeText,
      row.defaultText,
      `${row.doc}.${row.example ? ` Example: \`${row.example}\`` : ''}`,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| key | type | default | meaning |', '|---|---|---|---|', ...lines].join('\n');
}
