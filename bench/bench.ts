// Measures this relay and its peers under the same loads, in turn, and compares. See docs/performance.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildNative, builtPath } from './build.js';
import { type Contest, contests, DRAWN, type Entry, idleName } from './contests.js';
import { draw } from './draw.js';
import { exitCode, GOALS, type Judged, judge } from './goals.js';
import { measure, type Timing } from './measure.js';
import { HELP, type Options, parseOptions } from './options.js';
import { putAwayAtExit } from './processes.js';
import { makeRelays, type Relay, versionOf } from './relays.js';
import { type ContestResult, machine, type Results, readResults, versions } from './results.js';
import { busiest, contestTable, goalTable } from './table.js';

/** What has no goal is measured so often at most. */
const ASIDE = 3;
/** A quick run begins nothing new after so many seconds. */
const QUICK = 40;
/** The load of a goal that the noise leaves undecided is measured up to so many times as often. */
const UNDECIDED = 3;

const say = (text: string): void => void process.stderr.write(text);

/** @throws Error if there is nothing of that name */
function choose({ only, also, quick, check }: Options): Contest[] {
  const all = contests();
  const unknown = only.find((word) => !all.some(({ name }) => name.includes(word)));
  if (unknown !== undefined) throw new Error(`there is no such contest as ${unknown}; see --list`);
  const chosen = all.filter(({ name }) => only.length === 0 || only.some((word) => name.includes(word)));
  return (
    chosen
      // Ten thousand connections take as long as all the rest together.
      .filter(({ name }) => !quick || only.length > 0 || name !== idleName(10_000))
      .map((contest) => {
        const entries = [...contest.entries, ...(also.length === 0 ? [] : likeFirst(contest))];
        return {
          ...contest,
          ...(quick ? { warmup: undefined } : {}),
          entries: quick || check ? entries.filter(({ goal }) => goal) : entries,
        };
      })
      .filter(({ entries }) => entries.length > 0)
  );
}

/** The relay of `--also`, under the contest's own load. */
function likeFirst({ entries }: Contest): Entry[] {
  const [first] = entries;
  return first?.relay === undefined ? [] : [{ ...first, name: ALSO, relay: ALSO, goal: true }];
}

const ALSO = 'also';

class Run {
  readonly results: ContestResult[];
  readonly #chosen: readonly Contest[];
  readonly #relays: ReadonlyMap<string, Relay>;
  readonly #timing: Timing;

  constructor(chosen: readonly Contest[], relays: ReadonlyMap<string, Relay>, timing: Timing) {
    this.#chosen = chosen;
    this.#relays = relays;
    this.#timing = timing;
    this.results = chosen.map(({ name, metric, unit, less = false, entries }) => ({
      ...{ name, metric, unit, less },
      entries: entries.map(({ name }) => ({ name, samples: [] })),
    }));
  }

  /** Everybody in this contest once, one after the other. */
  async round(contest: number, aside: boolean): Promise<void> {
    const { name, entries, warmup = this.#timing.warmup } = this.#chosen[contest] as Contest;
    const timing = { ...this.#timing, warmup };
    say(`${name}:`);
    for (const [at, entry] of entries.entries()) {
      const result = this.results[contest]?.entries[at];
      if (result === undefined || result.disqualified !== undefined || (!entry.goal && !aside)) continue;
      const relay = entry.relay === undefined ? undefined : this.#relays.get(entry.relay);
      const missing = relay?.missing ?? (entry.under === 'strace' ? NO_STRACE : undefined);
      if (missing !== undefined) {
        result.missing = missing;
        continue;
      }
      const outcome = await measure(entry, relay, builtPath('load'), timing);
      if ('disqualified' in outcome) result.disqualified = outcome.disqualified;
      else result.samples.push(outcome.sample);
      say('disqualified' in outcome ? ' ×' : ' ·');
    }
    say('\n');
  }

  judge(): Judged[] {
    return GOALS.filter(({ contest }) => this.#chosen.some(({ name }) => name === contest)).map((goal) =>
      judge(goal, this.results),
    );
  }

  /** Measures what the noise leaves undecided more often. */
  async decide(rounds: number): Promise<void> {
    for (let more = 0; more < rounds; more++) {
      const undecided = this.judge().filter(({ verdict }) => verdict === 'undecided');
      const names = new Set(undecided.map(({ goal }) => goal.contest));
      if (names.size === 0) return;
      for (const [at, { name }] of this.#chosen.entries()) if (names.has(name)) await this.round(at, false);
    }
  }
}

const NO_STRACE = versionOf('strace') === undefined ? 'strace is not installed' : undefined;

async function bench(options: Options): Promise<number> {
  const began = performance.now();
  const date = new Date().toISOString();
  const { quick, check, rounds, seconds, also } = options;
  const chosen = choose(options);
  const about = { date, machine: machine(), versions: versions(), rounds, seconds };
  const folder = options.out ?? fileURLToPath(new URL('../../bench/results', import.meta.url));
  // Not after twenty minutes.
  mkdirSync(folder, { recursive: true });
  buildNative();
  const relays = makeRelays(builtPath, options.command);
  if (also.length > 0) relays.set(ALSO, { name: ALSO, style: 'client', command: also });
  const run = new Run(chosen, relays, { seconds, warmup: Math.min(0.4, seconds * 0.4) });
  const late = (): boolean => quick && performance.now() - began > QUICK * 1000;
  for (let round = 0; round < rounds && !(round > 0 && late()); round++) {
    for (const at of chosen.keys()) {
      if (round > 0 && late()) break;
      await run.round(at, round < ASIDE);
    }
  }
  if (check) await run.decide(rounds * (UNDECIDED - 1));
  const results: Results = { ...about, contests: run.results };
  write(folder, results);
  const judged = run.judge();
  for (const contest of results.contests) process.stdout.write(`${contestTable(contest)}\n`);
  process.stdout.write(`${goalTable(judged)}\n`);
  const busy = busiest(results.contests);
  if (busy !== undefined) {
    const share = `${Math.round(busy.busy * 100)} %`;
    process.stdout.write(`The load generator was busy for ${share} of the time at most (${busy.contest}).\n`);
  }
  return check ? exitCode(judged) : 0;
}

function write(folder: string, results: Results): void {
  writeFileSync(join(folder, 'bench.json'), `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(join(folder, 'bench.svg'), draw(results, DRAWN));
  say(`written: ${join(folder, 'bench.json')} and bench.svg\n`);
}

async function main(): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(process.argv.slice(2));
    if (options.help) {
      process.stdout.write(HELP);
    } else if (options.list) {
      for (const { name } of contests()) process.stdout.write(`${name}\n`);
    } else if (options.draw !== undefined) {
      process.stdout.write(draw(readResults(options.draw), DRAWN));
    } else {
      putAwayAtExit();
      return await bench(options);
    }
    return 0;
  } catch (error) {
    say(`bench: ${(error as Error).message}\n`);
    return 2;
  }
}

process.exitCode = await main();
