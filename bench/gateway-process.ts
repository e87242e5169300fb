import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { benchFault } from './bench-fault.js';
import { ProcessSampler } from './process-sampler.js';

const COMMAND = fileURLToPath(new URL('../cli/main.js', import.meta.url));
const READY_MS = 20_000;
const STOP_MS = 60_000;

export interface GatewayOptions {
  /** `gateway.memory`, e.g. 256MiB. */
  memory: string;
  /** More of the configuration, as YAML lines at top level. */
  yaml?: string;
  /** `bus`, as YAML in one line. */
  bus?: string;
  /** More of the command line. */
  args?: string[];
}

/** A gateway, or another role of `run`, of its own for one run: own folder, free ports, own process. */
export class GatewayProcess {
  readonly sampler: ProcessSampler;
  private stderr = '';

  private constructor(
    private readonly child: ChildProcess,
    /** Holds `bus` and whatever the sinks write. */
    readonly dir: string,
    readonly mqttPort: number,
    readonly httpPort: number,
  ) {
    this.sampler = new ProcessSampler(child.pid!);
  }

  /** The folder of the ingest log. */
  get logDir(): string {
    return join(this.dir, 'bus', 'ingest');
  }

  static async start(
    dir: string,
    { memory, yaml = '', bus = '{ log: { dir: ./bus } }', args = [] }: GatewayOptions,
  ): Promise<GatewayProcess> {
    mkdirSync(dir, { recursive: true });
    const file = join(dir, 'pitwall.yaml');
    const config = `gateway: { mqtt: "127.0.0.1:0", http: "127.0.0.1:0", memory: ${memory} }\nbus: ${bus}\n`;
    writeFileSync(file, `${config}${yaml}`);
    const child = spawn(process.execPath, [COMMAND, 'run', '-c', file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-4000);
    });
    try {
      const ports = await readyPorts(child, () => stderr);
      const gateway = new GatewayProcess(child, dir, ports.mqtt, ports.http);
      child.stderr!.on('data', (text: string) => {
        gateway.stderr = (gateway.stderr + text).slice(-4000);
      });
      return gateway;
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** The samples of `/metrics` by name, of a name with labels their sum. */
  async metrics(): Promise<Map<string, number>> {
    const response = await fetch(`http://127.0.0.1:${this.httpPort}/metrics`);
    const samples = new Map<string, number>();
    for (const line of (await response.text()).split('\n')) {
      const match = /^([a-zA-Z_:][\w:]*)(?:\{.*\})? (\S+)$/.exec(line);
      if (match) samples.set(match[1]!, (samples.get(match[1]!) ?? 0) + Number(match[2]));
    }
    return samples;
  }

  /** Throws with the gateway's last words when it has ended by itself. */
  check(): void {
    if (this.child.exitCode === null && this.child.signalCode === null) return;
    throw benchFault(`the gateway ended with ${this.child.exitCode ?? this.child.signalCode}:\n${this.stderr}`);
  }

  /** Resolves when its lanes have read so many rows; call `stop` then, which makes them durable in the stores. */
  async lanesHaveRead(rows: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      this.check();
      if (((await this.metrics()).get('pitwall_lane_rows_total') ?? 0) >= rows) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends it as an operator would: it drains. Does nothing when it has ended. */
  async stop(): Promise<void> {
    this.sampler.stop();
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const late = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exited;
    clearTimeout(late);
  }
}

async function readyPorts(child: ChildProcess, stderr: () => string): Promise<{ mqtt: number; http: number }> {
  const late = setTimeout(() => child.kill('SIGKILL'), READY_MS);
  const lines = createInterface({ input: child.stdout! });
  try {
    for await (const line of lines) {
      const match = /^ready (?:mqtt=\S+:(\d+) )?http=\S+:(\d+)/.exec(line);
      if (match) return { mqtt: Number(match[1] ?? 0), http: Number(match[2]) };
    }
    throw benchFault(`the gateway did not start:\n${stderr()}`);
  } finally {
    clearTimeout(late);
    lines.close();
    child.stdout!.resume();
  }
}
