import { suggestion } from '../core/suggest.js';
import { drawMermaid, drawText } from '../pipeline/config/draw-graph.js';
import { flowGraph } from '../pipeline/config/flow-graph.js';
import { CONFIG_OPTION, type Command, usageError } from './command.js';
import { readChecked } from './read-checked.js';

const FORMATS = ['mermaid', 'text', 'json'];

export const command: Command = {
  name: 'graph',
  summary: 'draw the flow of the configuration',
  usage: '[-c FILE] [--format mermaid|text|json]',
  options: {
    config: CONFIG_OPTION,
    format: { type: 'string', default: 'mermaid', value: 'FORMAT', doc: 'mermaid, text or json' },
  },
  help: 'Values of variables are not shown, only their names.',
  async run(args, io) {
    const format = args.values.format as string;
    if (!FORMATS.includes(format)) {
      throw usageError(`there is no format "${format}"${suggestion(format, FORMATS, 'formats')}`);
    }
    const { config, root } = await readChecked(args, io);
    const graph = flowGraph(config, root);
    if (format === 'json') io.stdout.write(`${JSON.stringify(graph, null, 2)}\n`);
    else io.stdout.write(format === 'text' ? drawText(graph) : drawMermaid(graph));
    return 0;
  },
};
