// One measurement: a relay is started, put under load, and ended, whatever it does.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, createReadStream, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../lib/conformance/ports.js';
import type { Entry, Sample } from './contests.js';
import { begin, childrenOf, type Ended, end, finished, temporary } from './processes.js';
import type { Relay } from './relays.js';

export interface Timing {
  /** Seconds that are measured, and before that, of the same load. */
  readonly seconds: number;
  readonly warmup: number;
}

export type Outcome = { readonly sample: Sample } | { readonly disqualified: string };

/** Longer than any load takes that the generator does not give up by itself, in ms. */
const LATE = 240_000;
/** How long the generator may take to see that its relay is gone, and a relay to end when it is told to, in ms. */
const SEEN = 3000;
const PIPED = ['ignore', 'pipe', 'pipe'] as const;
const TRACED = 'trace=write,writev,pwrite64,pwritev,sendto,sendmsg';

/** @param load the path of the generator */
export async function measure(
  entry: Entry,
  relay: Relay | undefined,
  load: string,
  timing: Timing,
): Promise<Outcome> {
  if (relay === undefined) return read(await finished(begin([load], entry.load, [...PIPED]), LATE));
  const port = String(await freePort());
  const options = ['--port', port, '--style', relay.style];
  const command = [...relay.command, ...(entry.relayArgs ?? []), port];
  if (entry.load[0] === 'start') {
    return read(await finished(begin([load], [...options, ...entry.load, ...command], [...PIPED]), LATE));
  }
  const folder = temporary();
  const counts = join(folder, 'counts');
  const path = join(folder, 'out');
  const guard = [load, 'guard'];
  const strace = ['strace', '-c', '-f', '-e', TRACED, '-o', counts, ...guard];
  const out = entry.under === 'file' ? openSync(path, 'w') : 'ignore';
  const child = begin(
    guard,
    [...(entry.under === 'strace' ? strace : []), ...command],
    ['ignore', out, 'ignore'],
  );
  try {
    const timed = ['--seconds', String(timing.seconds), '--warmup', String(timing.warmup)];
    const args = [...options, '--pid', String(child.pid), ...timed, ...entry.load];
    const outcome = read(await whileRunning(child, begin([load], args, [...PIPED])));
    if ('disqualified' in outcome) return outcome;
    if (entry.under === 'strace') return await withWrites(child, counts, outcome.sample);
    if (entry.under === 'file') return await withFile(child, path, outcome.sample);
    return outcome;
  } finally {
    if (typeof out === 'number') closeSync(out);
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The generator's end; if the relay ends before it, it is not waited for much longer. */
async function whileRunning(relay: ChildProcess, load: ChildProcess): Promise<Ended | string> {
  let gone = false;
  let timer: NodeJS.Timeout | undefined;
  const left = (): void => {
    gone = true;
    timer = setTimeout(() => load.kill('SIGKILL'), SEEN);
  };
  relay.once('exit', left);
  const ended = await finished(load, LATE);
  relay.off('exit', left);
  clearTimeout(timer);
  return ended === 'late' && gone ? 'it ended' : ended;
}

function read(ended: Ended | string): Outcome {
  if (typeof ended === 'string') return { disqualified: ended === 'late' ? 'it took too long' : ended };
  if (ended.code !== 0) throw new Error(`the load generator failed: ${ended.error}`);
  const told = JSON.parse(ended.out) as { disqualified: string } | Record<string, number>;
  if (typeof told.disqualified === 'string') return { disqualified: told.disqualified };
  const sample = told as Record<string, number>;
  const { rate, checked, said } = sample;
  // Of a fan-out, how much each reader had of it.
  if (rate === undefined || checked === undefined || said === undefined) return { sample };
  return { sample: { ...sample, each: rate / Math.round(checked / said) } };
}

/** Ends the relay that strace watches, and counts what strace has counted. */
async function withWrites(strace: ChildProcess, counts: string, sample: Sample): Promise<Outcome> {
  const exit = once(strace, 'exit');
  for (const pid of childrenOf(strace.pid as number)) process.kill(pid, 'SIGTERM');
  const timer = setTimeout(() => strace.kill('SIGKILL'), SEEN);
  await exit;
  clearTimeout(timer);
  const [total] = /^.*total$/m.exec(readFileSync(counts, 'utf8')) ?? [];
  if (total === undefined) return { disqualified: 'strace counted nothing' };
  // % time, seconds, µs a call, calls
  const calls = Number(total.trim().split(/\s+/)[3]);
  return { sample: { ...sample, calls, writes: calls / (sample.checked as number) } };
}

/** Lets the relay end by itself, so that its file is whole, and counts the lines in it. */
async function withFile(relay: ChildProcess, path: string, sample: Sample): Promise<Outcome> {
  const exit = once(relay, 'exit');
  relay.kill('SIGTERM');
  const timer = setTimeout(() => relay.kill('SIGKILL'), SEEN);
  await exit;
  clearTimeout(timer);
  let lines = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
  }
  // And those that were said before and after, of which there are some.
  const said = sample.said as number;
  return lines < said ? { disqualified: `${said - lines} of ${said} lines are not in its file` } : { sample };
}
