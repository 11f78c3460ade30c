// Measures mini-serv and its peers under the same loads, in turn, and compares them. See docs/performance.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brokerTables } from './broker-tables.js';
import { buildNative, builtPath } from './build.js';
import { brokerContests, type Contest, contests, DRAWN, type Entry } from './contests.js';
import { draw } from './draw.js';
import { exitCode } from './goals.js';
import { HELP, type Options, parseOptions } from './options.js';
import { stopAllAtExit } from './processes.js';
import { cpuTime, measureLimit, regimeText, stealBetween } from './regime.js';
import { ALSO, BROKERS, makeRelays } from './relays.js';
import { machine, type Results, readResults, versions } from './results.js';
import { isNeeded, type Limits, Run } from './run.js';
import { busiest, contestTable, goalTable, summary } from './table.js';

/** A check ends after this time, so that it takes less than ten minutes with the build before it. */
const CHECK_MS = 540_000;
const QUICK_MS = 50_000;
/** Longer than any load, because the load generator has timeouts of its own. */
const MAX_MEASUREMENT_MS = 240_000;
/** In a check, one relay that hangs must not use up the time for all others. */
const MAX_CHECK_MEASUREMENT_MS = 60_000;
/** Upper bound for the rounds of a contest that is not settled, as a multiple of `--rounds`. */
const MAX_ROUNDS_FACTOR = 7;

const log = (text: string): void => void process.stderr.write(text);

function allOf({ brokers }: Options): Contest[] {
  return brokers ? brokerContests() : contests();
}

/**
 * Selects the contests and entries that the options ask for.
 *
 * @throws {Error} if a word of `--only` matches no contest
 */
function choose(options: Options): Contest[] {
  const { only, also, quick, check } = options;
  const all = allOf(options);
  const unknown = only.find((word) => !all.some(({ name }) => name.includes(word)));
  if (unknown !== undefined) throw new Error(`--only: no contest matches "${unknown}"; see --list`);
  const chosen = all.filter(({ name }) => only.length === 0 || only.some((word) => name.includes(word)));
  return (
    chosen
      // The rooms of thousands take as long to fill as all other contests together.
      .filter(({ isLarge = false }) => !quick || only.length > 0 || !isLarge)
      .map((contest) => {
        const entries = [...contest.entries, ...(also.length === 0 ? [] : copyOfFirst(contest))];
        return {
          ...contest,
          ...(quick ? { warmup: undefined } : {}),
          entries: entries
            .filter((entry) => !(quick || check) || isNeeded(contest.name, entry))
            // A minute is too short for the brokers.
            .filter(({ name }) => !quick || only.length > 0 || !(name in BROKERS)),
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

/** Seconds of load before a measurement, where the contest does not say. */
const warmupOf = (seconds: number): number => Math.min(0.4, seconds * 0.4);

/** How long the run and its parts may take, without the time for the regime at the end. */
function limitsOf({ quick, check, rounds, seconds }: Options, regimeMs: number): Limits {
  const totalMs = check ? CHECK_MS : quick ? QUICK_MS : Number.POSITIVE_INFINITY;
  return {
    rounds,
    maxRounds: check ? rounds * MAX_ROUNDS_FACTOR : rounds,
    seconds,
    warmup: warmupOf(seconds),
    maxMeasurementMs: check ? MAX_CHECK_MEASUREMENT_MS : MAX_MEASUREMENT_MS,
    deadline: totalMs - regimeMs,
  };
}

async function bench(options: Options): Promise<number> {
  const date = new Date().toISOString();
  const { check, rounds, seconds, also } = options;
  const chosen = choose(options);
  const about = { date, machine: machine(), versions: versions(), rounds, seconds };
  const folder = options.out ?? fileURLToPath(new URL('../../bench/results', import.meta.url));
  // Fails now and not after twenty minutes of measuring.
  mkdirSync(folder, { recursive: true });
  buildNative();
  const relays = makeRelays(builtPath, options.command);
  if (also.length > 0) relays.set(ALSO, { name: ALSO, style: 'client', command: also });

  const timing = { seconds, warmup: warmupOf(seconds), maxMs: 10_000 };
  const cpuBefore = cpuTime();
  const regimeAt = performance.now();
  const start = await measureLimit(relays, timing);
  const run = new Run(chosen, relays, limitsOf(options, performance.now() - regimeAt), log);
  await run.measureAll();
  const end = await measureLimit(relays, timing);
  const regime = { start, end, steal: stealBetween(cpuBefore, cpuTime()) };

  const results: Results = { ...about, regime, contests: run.results };
  write(folder, results);
  const judged = run.judge();
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  if (options.brokers) print(brokerTables(results.contests));
  else for (const contest of results.contests) print(contestTable(contest));
  print(goalTable(judged));
  const busy = busiest(results.contests);
  if (busy !== undefined) {
    const share = `${Math.round(busy.busy * 100)} %`;
    print(`Maximum CPU load of the load generator: ${share} of one core (${busy.contest})`);
  }
  print(regimeText(regime));
  print(summary(judged, performance.now()));
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
      const names = allOf(options).map(({ name }) => name);
      process.stdout.write(`${names.join('\n')}\n`);
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
