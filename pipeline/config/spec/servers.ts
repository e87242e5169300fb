import type { ScalarNode } from '../config-node.js';
import { checkText, parseAddress, VARIABLE } from './scalars.js';
import { type CheckContext, type Spec, shownValue } from './spec.js';

const BROKER = 'HOST:PORT such as 127.0.0.1:9092';

/** `HOST:PORT` of one server, or of several with commas between them; each as it is written. */
export function servers(): Spec<string[]> {
  const one = '[A-Za-z0-9._-]+:\\d{1,5}';
  return {
    typeText: '`HOST:PORT`',
    check(node, where, context) {
      if (node.kind === 'scalar' && typeof node.value === 'number') {
        context.problems.error(node.offset, `${where} must be ${BROKER}; write 127.0.0.1:${node.shown}`);
        return undefined;
      }
      const value = checkText(node, where, BROKER, context);
      if (value === undefined) return undefined;
      const each = value.split(',').map((text) => text.trim());
      const wrong = each.find((text) => !isServer(text));
      if (wrong === undefined) return each;
      reportServer(node as ScalarNode, wrong, where, context);
      return undefined;
    },
    jsonSchema: () => ({ type: 'string', pattern: `^\\s*${one}(\\s*,\\s*${one})*\\s*$|${VARIABLE}` }),
  };
}

/** Clients split the text at its colon, which leaves IPv6 addresses out. */
function isServer(text: string): boolean {
  return !text.startsWith('[') && (parseAddress(text)?.port ?? 0) > 0;
}

function reportServer(node: ScalarNode, wrong: string, where: string, { problems }: CheckContext): void {
  if (wrong.includes('@')) {
    problems.error(node.offset, `${where} may not hold a name and password; write them below sasl`);
    return;
  }
  const hint = wrong.startsWith('[')
    ? '; a server with an IPv6 address needs a name'
    : !node.hasVariables && /^[A-Za-z0-9._-]+$/.test(wrong)
      ? `; write ${wrong}:9092`
      : '';
  problems.error(node.offset, `${where} must be ${BROKER}, not ${shownValue(node)}${hint}`);
}

/** Address of a service, without credentials in it. Messages show it only when it can hold none. */
export function httpUrl(): Spec<string> {
  const expected = 'a URL such as http://127.0.0.1:8081';
  return {
    typeText: 'URL',
    check(node, where, context) {
      const value = checkText(node, where, expected, context);
      if (value === undefined) return undefined;
      const fault = value.includes('@')
        ? 'may not hold a name and password; write username and password beside it'
        : /[?#]/.test(value)
          ? 'may hold neither ? nor #'
          : /^https?:\/\//i.test(value) && URL.canParse(value)
            ? null
            : `must be ${expected}, not ${shownValue(node)}`;
      if (fault === null) return value;
      context.problems.error(node.offset, `${where} ${fault}`);
      return undefined;
    },
    jsonSchema: () => ({ type: 'string', pattern: `^https?://[^?#@]+$|${VARIABLE}` }),
  };
}
