import { CONFIG_OPTION, type Option } from '../command.js';

/** What `replay --from-bus` takes beside `--speed` and `--format`. */
export const FROM_BUS_OPTIONS: Readonly<Record<string, Option>> = {
  'from-bus': { type: 'boolean', doc: 'run processors again over what the bus keeps, instead of sending files' },
  config: { ...CONFIG_OPTION, doc: 'with --from-bus: the configuration file, also another version of it' },
  since: {
    type: 'string',
    value: 'POINT',
    doc: 'where to begin: a time of receipt (2024-05-01T12:00:00Z), an offset of all partitions, or start',
  },
  until: { type: 'string', value: 'POINT', doc: 'where to end, not included (default: what is there now)' },
  processor: { type: 'string', multiple: true, value: 'NAME', doc: 'whose rows are written (default: all)' },
  into: { type: 'string', value: 'FOLDER', doc: 'where the rows are written; empty, or not there yet' },
};
