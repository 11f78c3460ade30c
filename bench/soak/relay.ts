import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Nothing that was begun here outlives this process, stopped ones least of all. */
function begin(
  script: string,
  args: readonly string[],
  stdio: ('ignore' | 'pipe' | 'inherit')[],
): ChildProcess {
  const child = spawn(process.execPath, [here(script), ...args], { stdio });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

export interface Relay {
  readonly process: ChildProcess;
  readonly port: number;
}

/** The command as it is run; nobody reads its transcript. */
export async function startRelay(): Promise<Relay> {
  const child = begin('../../command/mini-serv.cjs', ['0'], ['ignore', 'ignore', 'pipe']);
  if (child.stderr === null) throw new Error('a pipe was asked for');
  const lines = createInterface(child.stderr);
  const [first] = (await once(lines, 'line')) as [string];
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(first)?.[1]);
  // Whatever it has to say besides is to be seen.
  lines.on('line', (line) => process.stderr.write(`${line}\n`));
  return { process: child, port };
}

/** A client that has connected. */
export async function join(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** A reader in a process of its own, and how many lines it said last that it has had. */
export class FarReader {
  lines = 0;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(port: number): Promise<FarReader> {
    const child = begin('./reader.js', [String(port)], ['ignore', 'pipe', 'inherit']);
    if (child.stdout === null) throw new Error('a pipe was asked for');
    const reader = new FarReader(child);
    const told = createInterface(child.stdout);
    told.on('line', (count) => {
      reader.lines = Number(count);
    });
    await once(told, 'line');
    return reader;
  }

  get gone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  stop(): void {
    this.#child.kill('SIGSTOP');
  }

  go(): void {
    this.#child.kill('SIGCONT');
  }
}

export interface Held {
  /** Bytes of resident memory. */
  readonly resident: number;
  /** Bytes of spilled segments. */
  readonly disk: number;
  readonly descriptors: number;
}

/** What a process holds, as Linux tells it. */
export function held({ process: { pid } }: Relay): Held {
  const folder = `/proc/${pid}/fd`;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const names = readdirSync(folder);
  let disk = 0;
  for (const name of names) {
    try {
      const path = `${folder}/${name}`;
      if (readlinkSync(path).endsWith('segments (deleted)')) disk += statSync(path).size;
    } catch {
      // Closed since the folder was read.
    }
  }
  const resident = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  return { resident, disk, descriptors: names.length };
}
