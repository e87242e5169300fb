import { caseFileSchema } from '../pipeline/cases/case-keys.js';
import { configReference } from '../pipeline/config/config-reference.js';
import { configSchema } from '../pipeline/config/config-schema.js';
import { type Command, usageError } from './command.js';

export const command: Command = {
  name: 'schema',
  summary: 'print the JSON Schema of pitwall.yaml, or of files of cases, for editors',
  usage: '[--markdown | --test]',
  options: {
    markdown: { type: 'boolean', doc: 'print the reference of all keys as Markdown tables instead' },
    test: { type: 'boolean', doc: 'of files of cases for pitwall test, *.test.yaml' },
  },
  help: `example:
  pitwall schema > pitwall.schema.json
  and as the first line of pitwall.yaml:
  # yaml-language-server: $schema=./pitwall.schema.json`,
  run({ values }, io) {
    if (values.markdown && values.test) throw usageError('--markdown is of pitwall.yaml alone');
    const schema = () => JSON.stringify(values.test ? caseFileSchema() : configSchema(), null, 2);
    io.stdout.write(values.markdown ? `${configReference()}\n` : `${schema()}\n`);
    return 0;
  },
};
