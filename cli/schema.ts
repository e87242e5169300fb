import { configReference } from '../pipeline/config/config-reference.js';
import { configSchema } from '../pipeline/config/config-schema.js';
import type { Command } from './command.js';

export const command: Command = {
  name: 'schema',
  summary: 'print the JSON Schema of pitwall.yaml, for editors',
  usage: '[--markdown]',
  options: {
    markdown: { type: 'boolean', doc: 'print the reference of all keys as Markdown tables instead' },
  },
  help: `example:
  pitwall schema > pitwall.schema.json
  and as the first line of pitwall.yaml:
  # yaml-language-server: $schema=./pitwall.schema.json`,
  run(args, io) {
    io.stdout.write(args.values.markdown ? `${configReference()}\n` : `${JSON.stringify(configSchema(), null, 2)}\n`);
    return 0;
  },
};
