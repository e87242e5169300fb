import { patternFault } from '../../core/stream-pattern.js';
import { type ConfigNode, child, entriesOf, textOf } from './config-node.js';
import { schemaFile } from './keys/schema-file.js';
import type { DeclaredColumns } from './known-columns.js';
import { Problems } from './problems.js';
import { checkInside } from './spec/spec.js';

/** What `streams` of a file says of columns, whatever else is wrong with it. */
export function declaredColumns(root: ConfigNode, folder: string): DeclaredColumns[] {
  return entriesOf(child(root, 'streams'))
    .filter(({ key }) => patternFault(key) === null)
    .map(({ key: pattern, value }) => {
      const node = child(value, 'schema');
      const context = { problems: new Problems('', ''), folder };
      const schema = node ? (checkInside(schemaFile, node, '', context) ?? 'faulty') : null;
      return { pattern, timeField: textOf(child(child(value, 'time'), 'field')), schema };
    });
}
