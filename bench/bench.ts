// Measures mini-serv and its peers under the same loads, in turn, and compares them. See docs/performance.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildNative, builtPath } from './build.js';
import { type Contest, contests, DRAWN, type Entry, idleName } from './contests.js';
import { draw } from './draw.js';
import { exitCode, GOALS, isJudged, type Judged, judge } from './goals.js';
import { measure, type Timing } from './measure.js';
import { HELP, type Options, parseOptions } from './options.js';
import { stopAllAtExit } from './processes.js';
import { makeRelays, type Relay, versionOf } from './relays.js';
import { type ContestResult, machine, type Results, readResults, versions } from './results.js';
import { busiest, contestTable, goalTable } from './table.js';

/** Rounds in which entries without a goal are measured. */
const ROUNDS_WITHOUT_GOAL = 3;
/** A quick run starts no further round after this time. */
const QUICK_LIMIT_MS = 40_000;
/** Upper bound for the rounds of an undecided goal, as a multiple of `--rounds`. */
const MAX_ROUNDS_FACTOR = 3;
/** The name of the relay that `--also` adds. */
const ALSO = 'also';

const log = (text: string): void => void process.stderr.write(text);

/**
 * Selects the contests and entries that the options ask for.
 *
 * @throws {Error} if a word of `--only` matches no contest
 */
function choose({ only, also, quick, check }: Options): Contest[] {
  const all = contests();
  const unknown = only.find((word) => !all.some(({ name }) => name.includes(word)));
  if (unknown !== undefined) throw new Error(`--only: no contest matches "${unknown}"; see --list`);
  const chosen = all.filter(({ name }) => only.length === 0 || only.some((word) => name.includes(word)));
  return (
    chosen
      // Ten thousand connections take as long as all other contests together.
      .filter(({ name }) => !quick || only.length > 0 || name !== idleName(10_000))
      .map((contest) => {
        const entries = [...contest.entries, ...(also.length === 0 ? [] : copyOfFirst(contest))];
        return {
          ...contest,
          ...(quick ? { warmup: undefined } : {}),
          entries: quick || check ? entries.filter((entry) => isNeeded(contest.name, entry)) : entries,
        };
      })
      .filter(({ entries }) => entries.length > 0)
  );
}

/** The relay of `--also`, under the load of the contest's first entry. */
function copyOfFirst({ entries }: Contest): Entry[] {
  const [first] = entries;
  return first?.relay === undefined ? [] : [{ ...first, name: ALSO, relay: ALSO }];
}

function isNeeded(contest: string, { name }: Entry): boolean {
  return name === ALSO || isJudged(contest, name);
}

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

  /** Measures each entry of a contest once, one after the other. */
  async round(index: number, withoutGoal: boolean): Promise<void> {
    const { name, entries, warmup = this.#timing.warmup } = this.#chosen[index] as Contest;
    const timing = { ...this.#timing, warmup };
    log(`${name}:`);
    for (const [at, entry] of entries.entries()) {
      const result = this.results[index]?.entries[at];
      if (result === undefined || result.disqualified !== undefined) continue;
      if (!withoutGoal && !isNeeded(name, entry)) continue;
      const relay = entry.relay === undefined ? undefined : this.#relays.get(entry.relay);
      const missing = relay?.missing ?? (entry.under === 'strace' ? NO_STRACE : undefined);
      if (missing !== undefined) {
        result.missing = missing;
        continue;
      }
      const outcome = await measure(entry, relay, builtPath('load'), timing);
      if ('disqualified' in outcome) result.disqualified = outcome.disqualified;
      else result.samples.push(outcome.sample);
      log('disqualified' in outcome ? ' ×' : ' ·');
    }
    log('\n');
  }

  judge(): Judged[] {
    return GOALS.filter(({ contest }) => this.#chosen.some(({ name }) => name === contest)).map((goal) =>
      judge(goal, this.results),
    );
  }

  /** Repeats the contests of undecided goals until they are decided, for at most `maxRounds` rounds. */
  async decide(maxRounds: number): Promise<void> {
    for (let round = 0; round < maxRounds; round++) {
      const undecided = this.judge().filter(({ verdict }) => verdict === 'undecided');
      const names = new Set(undecided.map(({ goal }) => goal.contest));
      if (names.size === 0) return;
      for (const [index, { name }] of this.#chosen.entries())
        if (names.has(name)) await this.round(index, false);
    }
  }
}

const NO_STRACE = versionOf('strace') === undefined ? 'strace is not installed' : undefined;

async function bench(options: Options): Promise<number> {
  const startedAt = performance.now();
  const date = new Date().toISOString();
  const { quick, check, rounds, seconds, also } = options;
  const chosen = choose(options);
  const about = { date, machine: machine(), versions: versions(), rounds, seconds };
  const folder = options.out ?? fileURLToPath(new URL('../../bench/results', import.meta.url));
  // Fails now and not after twenty minutes of measuring.
  mkdirSync(folder, { recursive: true });
  buildNative();
  const relays = makeRelays(builtPath, options.command);
  if (also.length > 0) relays.set(ALSO, { name: ALSO, style: 'client', command: also });
  const run = new Run(chosen, relays, { seconds, warmup: Math.min(0.4, seconds * 0.4) });
  const outOfTime = (): boolean => quick && performance.now() - startedAt > QUICK_LIMIT_MS;
  for (let round = 0; round < rounds && !(round > 0 && outOfTime()); round++) {
    for (const index of chosen.keys()) {
      if (round > 0 && outOfTime()) break;
      await run.round(index, round < ROUNDS_WITHOUT_GOAL);
    }
  }
  if (check) await run.decide(rounds * (MAX_ROUNDS_FACTOR - 1));
  const results: Results = { ...about, contests: run.results };
  write(folder, results);
  const judged = run.judge();
  for (const contest of results.contests) process.stdout.write(`${contestTable(contest)}\n`);
  process.stdout.write(`${goalTable(judged)}\n`);
  const busy = busiest(results.contests);
  if (busy !== undefined) {
    const share = `${Math.round(busy.busy * 100)} %`;
    process.stdout.write(`Maximum CPU load of the load generator: ${share} of one core (${busy.contest})\n`);
  }
  return check ? exitCode(judged) : 0;
}

function write(folder: string, results: Results): void {
  writeFileSync(join(folder, 'bench.json'), `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(join(folder, 'bench.svg'), draw(results, DRAWN));
  log(`written: ${join(folder, 'bench.json')} and bench.svg\n`);
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
      stopAllAtExit();
      return await bench(options);
    }
    return 0;
  } catch (error) {
    log(`bench: ${(error as Error).message}\n`);
    return 2;
  }
}

process.exitCode = await main();
