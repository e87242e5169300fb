import { parseArgs } from 'node:util';
import { PitwallError } from '../core/errors.js';
import { suggestion } from '../core/suggest.js';
import { ConfigError } from '../pipeline/config/problems.js';
import { type Arguments, type Command, EXIT, type Io, type Option, usageError } from './command.js';
import { COMMANDS, commandHelp, overview } from './help.js';

const COMMON: Readonly<Record<string, Option>> = {
  help: { type: 'boolean', short: 'h', doc: 'this help' },
  debug: { type: 'boolean', doc: 'show where an error was raised (also: PITWALL_DEBUG=1)' },
};

/**
 * Runs `pitwall ARGUMENTS` and returns the exit code: 0, 1 failure, 2 usage, 78 bad configuration. Commands are loaded
 * when they are called, so that `pitwall check` does not wait for the modules of `run`.
 */
export async function dispatch(argv: readonly string[], io: Io, version: string): Promise<number> {
  const debug = argv.includes('--debug') || Boolean(io.env.PITWALL_DEBUG);
  const [name, ...rest] = argv;
  try {
    if (name === '--version' || name === '-v') return print(io, `${version}\n`);
    if (name === undefined) {
      io.stderr.write(overview());
      return EXIT.usage;
    }
    if (name === '--help' || name === '-h' || name === 'help') return print(io, overview());
    const entry = COMMANDS[name];
    if (entry === undefined || !Object.hasOwn(COMMANDS, name)) {
      const kind = name.startsWith('-') ? 'option' : 'command';
      const near = kind === 'command' ? suggestion(name, Object.keys(COMMANDS)) : '';
      throw usageError(`unknown ${kind} "${name}"${near || '; see pitwall --help'}`);
    }
    const { command } = (await import(entry.file)) as { command: Command };
    const options = { ...command.options, ...COMMON };
    if (asksForHelp(rest)) return print(io, commandHelp(command, options));
    const parsed = parse(command, options, rest);
    return (await command.run(parsed, io)) ?? EXIT.ok;
  } catch (error) {
    io.stderr.write(`${describe(error, debug)}\n`);
    return exitCode(error);
  }
}

function print(io: Io, text: string): number {
  io.stdout.write(text);
  return EXIT.ok;
}

/** Help is given even when the rest of the line is wrong; after `--` all words are positional. */
function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? undefined : end).some((word) => word === '--help' || word === '-h');
}

function parse(command: Command, options: Readonly<Record<string, Option>>, argv: readonly string[]): Arguments {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: Object.fromEntries(
        Object.entries(options).map(([name, { type, short, multiple, default: fallback }]) => [
          name,
          {
            type,
            ...(short && { short }),
            ...(multiple && { multiple }),
            ...(fallback !== undefined && { default: fallback }),
          },
        ]),
      ),
      strict: true,
      allowPositionals: true,
    });
    if (positionals.length > 0 && !command.positionals) {
      throw usageError(`pitwall ${command.name} takes no "${positionals[0]}"; see pitwall ${command.name} --help`);
    }
    return { values, positionals };
  } catch (error) {
    if (error instanceof PitwallError) throw error;
    const { code, message } = error as { code?: string; message: string };
    const unknown = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? /'(-[^']*)'/.exec(message)?.[1] : undefined;
    if (unknown === undefined) throw usageError(`${message.split('. ')[0]}; see pitwall ${command.name} --help`);
    const near = suggestion(
      unknown,
      Object.keys(options).map((option) => `--${option}`),
    );
    throw usageError(
      `pitwall ${command.name} has no option ${unknown}${near || `; see pitwall ${command.name} --help`}`,
    );
  }
}

/** What a person is told. Faults in Pitwall itself are shown with where they were raised, since only that helps. */
function describe(error: unknown, debug: boolean): string {
  if (!(error instanceof PitwallError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `pitwall: internal: this is a fault in Pitwall itself; please report it\n${text}`;
  }
  // The lines of a configuration start with the file's name, as compilers do, so that editors can follow them.
  const message = error instanceof ConfigError ? error.message : `pitwall: ${error.code}: ${error.message}`;
  return debug ? `${message}\n${error.stack ?? ''}${causes(error)}` : message;
}

function causes(error: Error): string {
  const { cause } = error;
  return cause instanceof Error ? `\ncaused by ${cause.stack ?? cause.message}${causes(cause)}` : '';
}

function exitCode(error: unknown): number {
  if (!(error instanceof PitwallError)) return EXIT.failure;
  if (error.stage === 'configuration' || error.code === 'bad-configuration') return EXIT.configuration;
  return error.code === 'bad-usage' ? EXIT.usage : EXIT.failure;
}
