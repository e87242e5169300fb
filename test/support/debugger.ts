import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { SourceMap } from 'node:module';
import WebSocket from 'ws';
import { atExit } from './at-exit.js';

export interface Pause {
  /** Of the file, from 1. */
  line: number;
  /** For `evaluate`. */
  frame: string;
}

interface Message {
  id?: number;
  method?: string;
  params?: unknown;
  result?: unknown;
}

interface Place {
  scriptId: string;
  lineNumber: number;
  columnNumber: number;
}

/**
 * A process under a debugger, with a breakpoint by file and line that is set as editors set it: where the source map of a
 * script says that the line is.
 */
export class DebuggedProcess {
  private next = 1;
  private readonly answers = new Map<number, (result: unknown) => void>();
  private script: { id: string; map: SourceMap } | null = null;
  private readonly set: Promise<void>;
  private isSet!: () => void;
  private readonly stopped: Promise<Pause>;
  private stop!: (pause: Pause) => void;

  private constructor(
    readonly child: ChildProcess,
    private readonly socket: WebSocket,
    private readonly url: string,
    private readonly line: number,
  ) {
    this.set = new Promise((resolve) => {
      this.isSet = resolve;
    });
    this.stopped = new Promise((resolve) => {
      this.stop = resolve;
    });
    socket.on('message', (data) => this.receive(JSON.parse(String(data)) as Message));
  }

  /** Runs `node ARGS`; resolves when the file has been loaded and the breakpoint is set. */
  static async start(args: readonly string[], url: string, line: number): Promise<DebuggedProcess> {
    const child = spawn(process.execPath, ['--inspect-brk=127.0.0.1:0', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    atExit(() => child.kill('SIGKILL'));
    let stderr = '';
    const address = await new Promise<string>((resolve) => {
      child.stderr!.on('data', (text) => {
        stderr += text;
        const found = /ws:\S+/.exec(stderr);
        if (found) resolve(found[0]);
      });
    });
    const socket = new WebSocket(address);
    await once(socket, 'open');
    const debugged = new DebuggedProcess(child, socket, url, line);
    await debugged.call('Debugger.enable');
    await debugged.call('Runtime.runIfWaitingForDebugger');
    await debugged.set;
    return debugged;
  }

  /** The first stop at the breakpoint. */
  pause(): Promise<Pause> {
    return this.stopped;
  }

  async evaluate(frame: string, expression: string): Promise<unknown> {
    const params = { callFrameId: frame, expression, returnByValue: true };
    const { result } = (await this.call('Debugger.evaluateOnCallFrame', params)) as { result: { value: unknown } };
    return result.value;
  }

  kill(): void {
    this.socket.terminate();
    this.child.kill('SIGKILL');
  }

  private call(method: string, params: object = {}): Promise<unknown> {
    const id = this.next++;
    this.socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => this.answers.set(id, resolve));
  }

  private receive({ id, method, params, result }: Message): void {
    if (id !== undefined) this.answers.get(id)?.(result);
    else if (method === 'Debugger.scriptParsed') void this.setBreakpoint(params as ParsedScript);
    else if (method === 'Debugger.paused') this.paused(params as Paused);
  }

  private async setBreakpoint({ scriptId, url, sourceMapURL, endLine }: ParsedScript): Promise<void> {
    if (url !== this.url) return;
    const [, data] = /^data:application\/json;base64,(.*)$/.exec(sourceMapURL) ?? [];
    const map = new SourceMap(JSON.parse(Buffer.from(data!, 'base64').toString()));
    this.script = { id: scriptId, map };
    const lines = Array.from({ length: endLine + 1 }, (_, lineNumber) => lineNumber);
    const lineNumber = lines.find((each) => sourceLine(map, each, Number.MAX_SAFE_INTEGER) === this.line);
    await this.call('Debugger.setBreakpoint', { location: { scriptId, lineNumber } });
    this.isSet();
  }

  private paused({ callFrames, hitBreakpoints }: Paused): void {
    // Before its first line it waits for somebody to attach.
    if (!hitBreakpoints?.length) void this.call('Debugger.resume');
    else {
      const { callFrameId, location } = callFrames[0]!;
      const { id, map } = this.script!;
      if (location.scriptId !== id) throw new Error('it stopped in another file');
      const line = sourceLine(map, location.lineNumber, location.columnNumber);
      this.stop({ line, frame: callFrameId });
    }
  }
}

/** The line of the source, from 1, for a place in the script, from 0. */
function sourceLine(map: SourceMap, line: number, column: number): number {
  return (map.findEntry(line, column) as { originalLine: number }).originalLine + 1;
}

interface ParsedScript {
  scriptId: string;
  url: string;
  sourceMapURL: string;
  endLine: number;
}

interface Paused {
  callFrames: { callFrameId: string; location: Place }[];
  hitBreakpoints?: string[];
}
