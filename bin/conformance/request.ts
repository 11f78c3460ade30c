import { type Case, RANKS, type Rank } from '../../lib/conformance/case.js';
import type { Plan } from '../../lib/conformance/reporter.js';
import { casesOf } from '../../lib/conformance/subject.js';
import type { Command } from '../arguments.js';
import { didYouMean } from '../options/suggest.js';
import { UsageError, unexpected } from '../options/usage-error.js';
import { createRandomCase, type RandomOptions } from './create-random-case.js';
import { pairReports, type ReportRequest } from './pair-reports.js';

/** The work of the kit. */
export type Request =
  | { readonly kind: 'list'; readonly json: boolean; readonly cases: readonly Case[] }
  | TestRequest;

export interface TestRequest {
  readonly kind: 'test';
  readonly plan: Plan;
  readonly reports: readonly ReportRequest[];
  /** The names of the cases to explain, or `all`. */
  readonly explain: readonly string[];
  readonly bail: boolean;
  readonly watch: boolean;
  readonly jobs: number | undefined;
}

/** @throws {UsageError} if options contradict each other, or no case has a given name */
export function requestOf({ values, order, command }: Command & { kind: 'conformance' }): Request {
  const { rank, subject, json, list, only, timeout: timeoutMs, bail, watch, jobs, random, seed } = values;
  const all = casesOf(subject);
  const names = only.flatMap((text) => text.split(','));
  const available = availableCases(
    all,
    rank,
    random === undefined ? undefined : { random, seed, jobs, subject },
  );
  const cases = chooseCases(names, available);
  if (list) return { kind: 'list', json, cases };
  const [file = ''] = command;
  const plan: Plan = {
    command,
    ...(file.endsWith('.c') && { sourcePath: file }),
    ...(subject !== 'common' && { subject }),
    cases,
    required: requiredRanks(rank, names.length > 0),
    isSelection: names.length > 0,
    timeoutMs,
  };
  return {
    kind: 'test',
    plan,
    reports: pairReports(order, values),
    explain: chooseExplained(values.explain, cases, all),
    bail,
    watch,
    jobs,
  };
}

function requiredRanks(rank: Rank | undefined, isSelection: boolean): readonly Rank[] {
  if (rank !== undefined) return RANKS.slice(0, RANKS.indexOf(rank) + 1);
  return isSelection ? RANKS : RANKS.slice(0, RANKS.indexOf('exam') + 1);
}

/** Returns the cases up to a rank. Random sessions are the last one of the highest rank that is required. */
function availableCases(
  all: readonly Case[],
  rank: Rank | undefined,
  random: RandomOptions | undefined,
): readonly Case[] {
  const ofRank = all.filter((one) => RANKS.indexOf(one.rank) <= RANKS.indexOf(rank ?? 'beyond'));
  if (random === undefined) return ofRank;
  const one = createRandomCase(rank ?? 'exam', random);
  const before = ofRank.filter((other) => RANKS.indexOf(other.rank) <= RANKS.indexOf(one.rank));
  return [...before, one, ...ofRank.slice(before.length)];
}

function chooseCases(names: readonly string[], ofRank: readonly Case[]): readonly Case[] {
  if (names.length === 0) return ofRank;
  const chosen = new Set<Case>();
  for (const name of names) {
    const exact = ofRank.filter((one) => one.name === name);
    const found = exact.length > 0 ? exact : ofRank.filter((one) => name !== '' && one.name.includes(name));
    if (found.length === 0) throw unknownCase('--only', name, ofRank);
    for (const one of found) chosen.add(one);
  }
  return ofRank.filter((one) => chosen.has(one));
}

function chooseExplained(
  texts: readonly string[],
  cases: readonly Case[],
  all: readonly Case[],
): readonly string[] {
  const names = texts.flatMap((text) => text.split(','));
  for (const name of names) {
    if (name === 'all' || cases.some((one) => one.name === name)) continue;
    if (all.some((one) => one.name === name)) {
      throw new UsageError(`--explain: expected a case that is run, got "${name}"; see --rank and --only`);
    }
    throw unknownCase('--explain', name, cases);
  }
  return names;
}

function unknownCase(option: string, name: string, cases: readonly Case[]): UsageError {
  const hint = didYouMean(
    name,
    cases.map((one) => one.name),
  );
  return unexpected(option, 'the name of a case (see --list)', name, hint);
}
