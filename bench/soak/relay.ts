import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { isRunning, startProcess } from '../processes.js';

function startNode(script: string, arg: string, stdio: ('ignore' | 'pipe' | 'inherit')[]): ChildProcess {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return startProcess([process.execPath, path, arg], stdio);
}

const linesOf = (stream: Readable | null): Interface => createInterface(stream as Readable);

export interface Relay {
  readonly process: ChildProcess;
  readonly port: number;
}

/** Starts the installed command on a free port; its transcript goes to /dev/null. */
export async function startRelay(): Promise<Relay> {
  const child = startNode('../../command/mini-serv.cjs', '0', ['ignore', 'ignore', 'pipe']);
  const lines = linesOf(child.stderr);
  const [first] = (await once(lines, 'line')) as [string];
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(first)?.[1]);
  lines.on('line', (line) => process.stderr.write(`${line}\n`));
  return { process: child, port };
}

/** A reader in a process of its own. */
export class ReaderProcess {
  /** Lines that the reader has reported as received. */
  lines = 0;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(port: number): Promise<ReaderProcess> {
    const child = startNode('./reader-process.js', String(port), ['ignore', 'pipe', 'inherit']);
    const reader = new ReaderProcess(child);
    const reports = linesOf(child.stdout);
    reports.on('line', (count) => {
      reader.lines = Number(count);
    });
    await once(reports, 'line');
    return reader;
  }

  get hasExited(): boolean {
    return !isRunning(this.#child);
  }

  stop(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }
}

export interface Usage {
  /** Resident memory. */
  readonly residentBytes: number;
  /** Size of the spill files. */
  readonly diskBytes: number;
  readonly descriptors: number;
}

/** Reads the resources that a relay holds from /proc. */
export function usageOf({ process: { pid } }: Relay): Usage {
  const folder = `/proc/${pid}/fd`;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const names = readdirSync(folder);
  let diskBytes = 0;
  for (const name of names) {
    try {
      const path = `${folder}/${name}`;
      if (readlinkSync(path).endsWith('segments (deleted)')) diskBytes += statSync(path).size;
    } catch {
      // Closed since the folder was read.
    }
  }
  const residentBytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  return { residentBytes, diskBytes, descriptors: names.length };
}
