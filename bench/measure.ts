// One measurement: starts a relay, puts it under load, and stops it.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, createReadStream, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../lib/conformance/ports.js';
import type { Entry, Sample } from './contests.js';
import { childrenOf, kill, type Output, outputOf, startProcess, temporaryFolder } from './processes.js';
import type { Relay } from './relays.js';

export interface Timing {
  /** Length of the measurement. */
  readonly seconds: number;
  /** Length of the load before the measurement, in seconds. */
  readonly warmup: number;
  /** A load that takes longer is ended, and the relay disqualified. */
  readonly maxMs: number;
}

export type Outcome = { readonly sample: Sample } | { readonly disqualified: string };

/** Time for the generator to report a relay that has exited, and for a relay to exit after SIGTERM. */
const EXIT_TIMEOUT_MS = 3000;
const PIPED = ['ignore', 'pipe', 'pipe'] as const;
const TRACED = 'trace=write,writev,pwrite64,pwritev,sendto,sendmsg';

/** @param load the path of the load generator */
export async function measure(
  entry: Entry,
  relay: Relay | undefined,
  load: string,
  timing: Timing,
): Promise<Outcome> {
  const runLoad = (args: readonly string[]): ChildProcess => startProcess([load, ...args], [...PIPED]);
  if (relay === undefined) return outcomeOf(await outputOf(runLoad(entry.load), timing.maxMs));
  const port = String(await freePort());
  const ports = relay.isGroup ? [port, String(await freePort())] : [port];
  const options = ['--port', port, '--reader-port', ports.at(-1) as string, '--style', relay.style];
  const command = [...relay.command, ...(entry.relayArgs ?? []), ...ports];
  if (entry.load[0] === 'start') {
    return outcomeOf(await outputOf(runLoad([...options, ...entry.load, ...command]), timing.maxMs));
  }
  const folder = temporaryFolder();
  const counts = join(folder, 'counts');
  const path = join(folder, 'out');
  // The guard exits with this process, so that a relay never outlives a bench that was killed.
  const guard = [load, relay.isGroup ? 'guard-group' : 'guard'];
  const strace = ['strace', '-c', '-f', '-e', TRACED, '-o', counts, ...guard];
  const out = entry.under === 'file' ? openSync(path, 'w') : 'ignore';
  const child = startProcess(
    [...guard, ...(entry.under === 'strace' ? strace : []), ...command],
    ['ignore', out, 'ignore'],
    relay.isGroup ? folder : undefined,
  );
  try {
    const timed = ['--seconds', String(timing.seconds), '--warmup', String(timing.warmup)];
    const args = [...options, '--pid', String(child.pid), ...timed, ...entry.load];
    const outcome = outcomeOf(await outputWhileRunning(child, runLoad(args), timing.maxMs));
    if ('disqualified' in outcome) return outcome;
    if (entry.under === 'strace') return await withWriteCalls(child, counts, outcome.sample);
    if (entry.under === 'file') return await withTranscript(child, path, outcome.sample);
    return outcome;
  } finally {
    if (typeof out === 'number') closeSync(out);
    await kill(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The generator's output. When the relay exits first, the generator is killed after a short time. */
async function outputWhileRunning(
  relay: ChildProcess,
  load: ChildProcess,
  maxMs: number,
): Promise<Output | string> {
  let hasExited = false;
  let timer: NodeJS.Timeout | undefined;
  const onExit = (): void => {
    hasExited = true;
    timer = setTimeout(() => load.kill('SIGKILL'), EXIT_TIMEOUT_MS);
  };
  relay.once('exit', onExit);
  const output = await outputOf(load, maxMs);
  relay.off('exit', onExit);
  clearTimeout(timer);
  return output === 'timeout' && hasExited ? 'it exited' : output;
}

function outcomeOf(output: Output | string): Outcome {
  if (typeof output === 'string') return { disqualified: output === 'timeout' ? 'it took too long' : output };
  if (output.code !== 0) throw new Error(`the load generator failed: ${output.error}`);
  const report = JSON.parse(output.out) as { disqualified: string } | Record<string, number>;
  if (typeof report.disqualified === 'string') return { disqualified: report.disqualified };
  const sample = report as Record<string, number>;
  const { rate, checked, sent } = sample;
  if (rate === undefined || checked === undefined || sent === undefined) return { sample };
  // The rate of each reader of a fan-out.
  return { sample: { ...sample, each: rate / Math.round(checked / sent) } };
}

/** Stops the relay under strace, and adds the number of write calls to the sample. */
async function withWriteCalls(strace: ChildProcess, counts: string, sample: Sample): Promise<Outcome> {
  const exit = once(strace, 'exit');
  for (const pid of childrenOf(strace.pid as number)) process.kill(pid, 'SIGTERM');
  await exitOrKill(strace, exit);
  const [total] = /^.*total$/m.exec(readFileSync(counts, 'utf8')) ?? [];
  if (total === undefined) return { disqualified: 'strace printed no total' };
  // Columns: % time, seconds, µs per call, calls.
  const calls = Number(total.trim().split(/\s+/)[3]);
  return { sample: { ...sample, calls, writes: calls / (sample.checked as number) } };
}

/** Lets the relay exit by itself, so that its transcript is complete, and counts the lines. */
async function withTranscript(relay: ChildProcess, path: string, sample: Sample): Promise<Outcome> {
  const exit = once(relay, 'exit');
  relay.kill('SIGTERM');
  await exitOrKill(relay, exit);
  let lines = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
  }
  // The file may have more: lines and notices from before and after the load.
  const sent = sample.sent as number;
  return lines < sent
    ? { disqualified: `${sent - lines} of ${sent} lines are missing in its transcript` }
    : { sample };
}

async function exitOrKill(child: ChildProcess, exit: Promise<unknown>): Promise<void> {
  const timer = setTimeout(() => child.kill('SIGKILL'), EXIT_TIMEOUT_MS);
  await exit;
  clearTimeout(timer);
}
