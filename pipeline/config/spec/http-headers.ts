import { OWN_HEADERS } from '../../../sinks/http/http-sink-options.js';
import { secret } from './secret.js';
import { checkInside, type Spec, shownValue } from './spec.js';

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Spaces at the ends are not sent. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Headers of a request by name. No message shows a value, nor what may be part of one. */
export function httpHeaders(): Spec<Record<string, string>> {
  const value = secret();
  return {
    typeText: 'map of texts, never shown',
    check(node, where, { problems, folder }) {
      const isEmpty = node.kind === 'scalar' && node.value === null;
      if (node.kind !== 'map') {
        if (isEmpty) return {};
        const hint = node.kind === 'scalar' ? '' : `, not ${shownValue(node)}`;
        problems.error(node.offset, `${where} must hold names of headers with their values${hint}`);
        return undefined;
      }
      const headers: Record<string, string> = {};
      const names = new Set<string>();
      let complete = true;
      const refuse = (offset: number, what: string): void => {
        problems.error(offset, what);
        complete = false;
      };
      for (const { key, keyOffset, value: text } of node.entries) {
        // In `{ Authorization: Bearer a,b }` YAML ends the value at the comma and takes `b` for a name.
        const isCut = text.kind === 'scalar' && text.value === null && names.size > 0;
        if (isCut || !NAME.test(key)) {
          refuse(keyOffset, `${where} has what is no header with a value; quote a value that holds a comma`);
          continue;
        }
        const name = key.toLowerCase();
        if ((OWN_HEADERS as readonly string[]).includes(name))
          refuse(keyOffset, `${where}.${key} is set by the sink itself`);
        else if (names.has(name)) refuse(keyOffset, `${where}.${key} is there twice; names of headers have no case`);
        names.add(name);
        const read = checkInside(value, text, `${where}.${key}`, { problems, folder });
        if (read === undefined) complete = false;
        else if (VALUE.test(read)) headers[key] = read;
        else refuse(text.offset, `${where}.${key} holds a line break or another character that no header may have`);
      }
      return complete ? headers : undefined;
    },
    jsonSchema: () => ({ type: ['object', 'null'], additionalProperties: value.jsonSchema() }),
  };
}
