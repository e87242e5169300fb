import assert from 'node:assert/strict';

type Schema = { [keyword: string]: unknown };

/**
 * Why a value does not fit a JSON Schema: a validator of the keywords that `pitwall schema` uses, written from the
 * specification (draft 2020-12). A keyword that it does not know fails the test, so that nothing passes unlooked at.
 */
export function schemaFaults(schema: Schema, value: unknown, at = ''): string[] {
  const faults: string[] = [];
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  for (const [keyword, argument] of Object.entries(schema)) {
    switch (keyword) {
      case '$schema':
      case 'title':
      case 'description':
      case 'default':
      case 'examples':
        break;
      case 'type':
        if (![argument].flat().some((type) => isOfType(value, type as string))) faults.push(`${at}: not ${argument}`);
        break;
      case 'const':
        if (value !== argument) faults.push(`${at}: not ${argument}`);
        break;
      case 'enum':
        if (!(argument as unknown[]).includes(value)) faults.push(`${at}: not one of ${argument}`);
        break;
      case 'pattern':
        if (typeof value === 'string' && !new RegExp(argument as string, 'u').test(value))
          faults.push(`${at}: pattern`);
        break;
      case 'minLength':
        if (typeof value === 'string' && value.length < (argument as number)) faults.push(`${at}: too short`);
        break;
      case 'minimum':
        if (typeof value === 'number' && value < (argument as number)) faults.push(`${at}: too small`);
        break;
      case 'maximum':
        if (typeof value === 'number' && value > (argument as number)) faults.push(`${at}: too large`);
        break;
      case 'minItems':
        if (Array.isArray(value) && value.length < (argument as number)) faults.push(`${at}: too few`);
        break;
      case 'maxItems':
        if (Array.isArray(value) && value.length > (argument as number)) faults.push(`${at}: too many`);
        break;
      case 'items':
        for (const [i, item] of Array.isArray(value) ? value.entries() : []) {
          faults.push(...schemaFaults(argument as Schema, item, `${at}[${i}]`));
        }
        break;
      case 'minProperties':
        if (isObject && Object.keys(value).length < (argument as number)) faults.push(`${at}: too few keys`);
        break;
      case 'maxProperties':
        if (isObject && Object.keys(value).length > (argument as number)) faults.push(`${at}: too many keys`);
        break;
      case 'required':
        for (const key of argument as string[])
          if (isObject && !Object.hasOwn(value, key)) faults.push(`${at}: lacks ${key}`);
        break;
      case 'properties':
        for (const key in properties) {
          if (isObject && Object.hasOwn(value, key)) {
            faults.push(...schemaFaults(properties[key]!, (value as Record<string, unknown>)[key], `${at}.${key}`));
          }
        }
        break;
      case 'additionalProperties':
        for (const key of isObject ? Object.keys(value) : []) {
          if (Object.hasOwn(properties, key)) continue;
          if (argument === false) faults.push(`${at}.${key}: unknown`);
          else
            faults.push(...schemaFaults(argument as Schema, (value as Record<string, unknown>)[key], `${at}.${key}`));
        }
        break;
      case 'anyOf': {
        const each = (argument as Schema[]).map((option) => schemaFaults(option, value, at));
        if (each.every((found) => found.length > 0)) faults.push(...each[0]!);
        break;
      }
      case 'not':
        if (schemaFaults(argument as Schema, value, at).length === 0) faults.push(`${at}: must not be`);
        break;
      default:
        assert.fail(`the schema uses the keyword ${keyword}, which the test does not know`);
    }
  }
  return faults;
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}
