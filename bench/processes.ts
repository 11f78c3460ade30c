// Starts the processes of a benchmark and ensures that none of them outlives it.
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const running = new Set<ChildProcess>();
const folders: string[] = [];

export interface Output {
  readonly out: string;
  readonly error: string;
  readonly code: number | null;
}

/** Starts a command in a process group of its own, which `stopAllAtExit` kills. */
export function startProcess(command: readonly string[], stdio: StdioOptions, cwd?: string): ChildProcess {
  const [file, ...args] = command as [string, ...string[]];
  const child = spawn(file, args, { stdio, cwd, detached: true });
  running.add(child);
  child.on('error', () => running.delete(child));
  child.once('exit', () => running.delete(child));
  return child;
}

export function isRunning(child: ChildProcess): boolean {
  return running.has(child);
}

/** Kills a process with its group, and resolves when it has exited. */
export async function kill(child: ChildProcess): Promise<void> {
  if (!running.has(child)) return;
  const exit = once(child, 'exit');
  killGroup(child);
  await exit;
}

/** Kills the whole group, because a relay under strace is the child of strace, and socat starts many processes. */
function killGroup(child: ChildProcess): void {
  try {
    process.kill(-(child.pid as number), 'SIGKILL');
  } catch {
    // The group has exited in the meantime.
  }
}

/** Creates a folder that `stopAllAtExit` removes. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mini-serv-bench-'));
  folders.push(folder);
  return folder;
}

export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return new RegExp(`^PPid:\\s${pid}$`, 'm').test(readFileSync(`/proc/${name}/status`, 'utf8'));
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Collects what a process prints until it exits; kills it after `timeoutMs`. */
export async function outputOf(child: ChildProcess, timeoutMs: number): Promise<Output | 'timeout'> {
  const texts = { out: '', error: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    texts.out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    texts.error += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    return signal === 'SIGKILL' ? 'timeout' : { ...texts, code };
  } catch (error) {
    return { ...texts, error: (error as Error).message, code: null };
  } finally {
    clearTimeout(timer);
  }
}

/** Connects to a port of this machine, and retries until a process listens there. */
export async function connectTo(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    try {
      await once(socket, 'connect');
      socket.on('error', () => {});
      return socket;
    } catch {
      await delay(20);
    }
  }
}

/** Kills all processes and removes all temporary folders when this process exits, also on a signal. */
export function stopAllAtExit(): void {
  process.on('exit', () => {
    for (const child of running) killGroup(child);
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => process.exit(code));
  }
}
