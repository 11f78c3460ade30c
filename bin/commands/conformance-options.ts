import { type Case, RANKS, type Rank } from '../../lib/conformance/case.js';
import { CASES } from '../../lib/conformance/cases/index.js';
import type { Command } from '../arguments.js';
import { didYouMean } from '../options/suggest.js';
import { unexpected } from '../options/usage-error.js';

/** The work of the kit. */
export type Request =
  | { readonly kind: 'list'; readonly json: boolean; readonly cases: readonly Case[] }
  | {
      readonly kind: 'test';
      readonly json: boolean;
      readonly timeoutMs: number;
      readonly cases: readonly Case[];
      /** The ranks whose cases have to pass. */
      readonly required: readonly Rank[];
      readonly command: readonly string[];
    };

/** @throws {UsageError} if no case has a given name */
export function requestOf({ values, command }: Command & { kind: 'conformance' }): Request {
  const { rank, json, list, timeout: timeoutMs } = values;
  const names = values.only.flatMap((text) => text.split(','));
  const cases = chooseCases(names, rank);
  if (list) return { kind: 'list', json, cases };
  const required = rank === undefined && names.length === 0 ? RANKS.slice(0, 2) : RANKS;
  return { kind: 'test', json, timeoutMs, cases, required, command };
}

function chooseCases(names: readonly string[], rank: Rank = 'beyond'): readonly Case[] {
  const ofRank = CASES.filter((one) => RANKS.indexOf(one.rank) <= RANKS.indexOf(rank));
  if (names.length === 0) return ofRank;
  const chosen = new Set<Case>();
  for (const name of names) {
    const exact = ofRank.filter((one) => one.name === name);
    const found = exact.length > 0 ? exact : ofRank.filter((one) => name !== '' && one.name.includes(name));
    if (found.length === 0) {
      const hint = didYouMean(
        name,
        ofRank.map((one) => one.name),
      );
      throw unexpected('--only', 'the name of a case (see --list)', name, hint);
    }
    for (const one of found) chosen.add(one);
  }
  return ofRank.filter((one) => chosen.has(one));
}
