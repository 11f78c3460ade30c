import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Sample } from './contests.js';
import { BROKERS, versionOf } from './relays.js';

export interface EntryResult {
  readonly name: string;
  readonly samples: Sample[];
  /** The rule that the relay broke. It is not measured again. */
  disqualified?: string;
  /** Why the relay cannot be measured on this machine. */
  missing?: string;
}

export interface ContestResult {
  readonly name: string;
  readonly metric: string;
  readonly unit: string;
  readonly less: boolean;
  readonly entries: readonly EntryResult[];
}

/** The figures of the limit, by contest. */
export type Figures = Readonly<Record<string, number>>;

export interface Regime {
  readonly start: Figures;
  readonly end: Figures;
  /** Share of the processor time that a hypervisor gave to other machines. */
  readonly steal: number;
}

/** The content of bench.json. */
export interface Results {
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, string>>;
  /** The number of rounds; a check measures more of a contest that is undecided. */
  readonly rounds: number;
  /** The length of a measurement. */
  readonly seconds: number;
  /** The figures of the limit before and after all contests. */
  readonly regime?: Regime;
  readonly contests: readonly ContestResult[];
}

/** @throws {Error} if the file cannot be read or is not a bench.json */
export function readResults(path: string): Results {
  const text = readFileSync(path, 'utf8');
  let results: Partial<Results> | null = null;
  try {
    results = JSON.parse(text);
  } catch {
    // Not JSON: reported below.
  }
  if (!Array.isArray(results?.contests)) throw new Error(`${path}: expected a bench.json with "contests"`);
  return results as Results;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

export function machine(): Record<string, string> {
  return {
    processor: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 1024 ** 3)} GiB`,
    system: `${type()} ${release()}`,
    'load average before': loadavg()
      .map((load) => load.toFixed(2))
      .join(' '),
  };
}

export function versions(): Record<string, string> {
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { version: string };
  return {
    'mini-serv': `${version}${commit()}`,
    node: process.version,
    cc: versionOf('cc') ?? 'not installed',
    ncat: versionOf('ncat') ?? 'not installed',
    strace: versionOf('strace') ?? 'not installed',
    ...Object.fromEntries(
      Object.values(BROKERS).map(([name, option]) => [name, versionOf(name, option) ?? 'not installed']),
    ),
  };
}

/** The commit of the checkout, or an empty string for an installed package. */
function commit(): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const changed = git('status', '--porcelain', 'lib', 'bin') !== '';
    return ` (${git('rev-parse', '--short', 'HEAD')}${changed ? ', changed' : ''})`;
  } catch {
    return '';
  }
}
