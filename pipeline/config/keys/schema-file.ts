import type { Schema } from '../../../columnar/schema.js';
import { recordSchema } from '../../../schemas/record-schema.js';
import type { ConfigNode } from '../config-node.js';
import { lineOf, parseJson } from '../parse-json.js';
import { path } from '../spec/scalars.js';
import { type Spec, shownValue } from '../spec/spec.js';
import { textOfFile } from '../text-of-file.js';

/** A description of 2,048 columns takes a tenth of it. */
const BYTES_MAX = 1024 * 1024;

/** A value is checked more than once, its file is read once: by the node that names it. */
const read = new WeakMap<ConfigNode, Schema | { fault: string }>();

const file = path('file');

/** A file of an Avro record, read as the columns that it describes. */
export const schemaFile: Spec<Schema> = {
  ...file,
  typeText: 'file of an Avro record',
  check(node, where, context) {
    const name = file.check(node, where, context);
    if (name === undefined) return undefined;
    let schema = read.get(node);
    if (!schema) read.set(node, (schema = schemaOrFault(name)));
    if (!('fault' in schema)) return schema;
    context.problems.error(node.offset, `${where}: ${shownValue(node)}: ${schema.fault}`);
    return undefined;
  },
};

function schemaOrFault(name: string): Schema | { fault: string } {
  try {
    const text = textOfFile(name, BYTES_MAX);
    return recordSchema(parseJson(text, (at) => lineOf(text, at)));
  } catch (error) {
    return { fault: (error as Error).message };
  }
}
