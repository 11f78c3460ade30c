// What the bench starts, and that nothing of it outlives the bench.
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const running = new Set<ChildProcess>();
const folders: string[] = [];

export interface Ended {
  readonly out: string;
  readonly error: string;
  readonly code: number | null;
}

/** @param guard begins what ends with this process, whatever ends that */
export function begin(
  guard: readonly string[],
  command: readonly string[],
  stdio: StdioOptions,
): ChildProcess {
  const [file, ...args] = [...guard, ...command] as [string, ...string[]];
  const child = spawn(file, args, { stdio });
  running.add(child);
  child.on('error', () => running.delete(child));
  child.once('exit', () => running.delete(child));
  return child;
}

export function isRunning(child: ChildProcess): boolean {
  return running.has(child);
}

/** Resolves when it is no more. */
export async function end(child: ChildProcess): Promise<void> {
  if (!running.has(child)) return;
  const exit = once(child, 'exit');
  killAll(child);
  await exit;
}

/** What strace has begun and not yet let go ends with it, too. */
function killAll(child: ChildProcess): void {
  const children = childrenOf(child.pid as number);
  child.kill('SIGKILL');
  for (const pid of children) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

/** A folder that does not outlive the bench. */
export function temporary(): string {
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

/** What a child prints until it ends, or is ended after so many milliseconds. */
export async function finished(child: ChildProcess, ms: number): Promise<Ended | 'late'> {
  const texts = { out: '', error: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    texts.out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    texts.error += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), ms);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    return signal === 'SIGKILL' ? 'late' : { ...texts, code };
  } catch (error) {
    return { ...texts, error: (error as Error).message, code: null };
  } finally {
    clearTimeout(timer);
  }
}

/** Ends all of it where the bench ends before its time. */
export function putAwayAtExit(): void {
  process.on('exit', () => {
    for (const child of running) killAll(child);
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
