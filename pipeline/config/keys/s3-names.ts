import { pathTemplateFault } from '../../../sinks/s3/path-template.js';
import { checkText, VARIABLE } from '../spec/scalars.js';
import { type Spec, shownValue } from '../spec/spec.js';

/** Names of buckets as AWS has them, and as other stores take them. */
export function bucketName(): Spec<string> {
  return named('bucket', 'the name of a bucket', '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$', (value) =>
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(value)
      ? null
      : 'is no name of a bucket: 3 to 63 lower-case letters, digits, dots and -',
  );
}

/** What keys begin with; `/` comes behind it where it is not there. */
export function keyPrefix(): Spec<string> {
  const spec = named('text', 'what keys begin with', '^[^/].*$|^$', (value) => {
    if (/^\/|\/\//.test(value)) return 'begins with /, or has an empty level';
    return Buffer.byteLength(value) > 400 ? 'is longer than 400 bytes' : null;
  });
  return {
    ...spec,
    check(node, where, context) {
      const value = spec.check(node, where, context);
      return value === undefined || value === '' || value.endsWith('/') ? value : `${value}/`;
    },
  };
}

/** A template of folders in Hive's style. */
export function folderTemplate(): Spec<string> {
  return named('template', 'a template of folders', '^[^/].*[^/]$|^[^/]$', pathTemplateFault);
}

function named(
  typeText: string,
  expected: string,
  pattern: string,
  faultOf: (value: string) => string | null,
): Spec<string> {
  return {
    typeText,
    check(node, where, context) {
      const value = checkText(node, where, expected, context);
      if (value === undefined) return undefined;
      const fault = faultOf(value);
      if (fault === null) return value;
      context.problems.error(node.offset, `${where}: ${shownValue(node)} ${fault}`);
      return undefined;
    },
    jsonSchema: () => ({ type: 'string', pattern: `${pattern}|${VARIABLE}` }),
  };
}
