import { topKeys } from './keys/top-keys.js';
import { referenceRows } from './spec/collections.js';

/** The reference of all keys as Markdown: a table for each key of the top level. */
export function configReference(): string {
  return Object.entries(topKeys)
    .map(([name, key]) => {
      const rows = referenceRows({ [name]: key }, '').map((row) => {
        const cells = [
          `\`${row.where}\``,
          row.typeText,
          row.defaultText,
          `${row.doc}.${row.example ? ` Example: \`${row.example}\`` : ''}`,
        ];
        return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
      });
      return [`### ${name}`, '', '| key | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
    })
    .join('\n\n');
}
