import { topSpec } from './keys/top-keys.js';
import type { JsonSchema } from './spec/spec.js';

/** JSON Schema (draft 2020-12) of `pitwall.yaml`, for editors. Names and references are left to `pitwall check`. */
export function configSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'pitwall.yaml',
    description: 'Configuration of the Pitwall telemetry gateway.',
    ...topSpec.jsonSchema(),
  };
}
