import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { Rank } from '../../lib/conformance/case.js';
import { randomCase } from '../../lib/conformance/random/case.js';
import type { Replay } from '../../lib/conformance/random/run.js';
import { casesOf, type Subject } from '../../lib/conformance/subject.js';
import type { ComposedCase, Result } from '../../lib/conformance/trial.js';

/** Seeds have 32 bits. */
const SEEDS = 2 ** 32;

export interface RandomOptions {
  /** The number of sessions. */
  readonly random: number;
  readonly seed: number | undefined;
  readonly jobs: number | undefined;
  readonly subject: Subject;
}

/** Returns the case of --random. If a session fails, a program that plays it is written to the current folder. */
export function createRandomCase(
  rank: Rank,
  { random, seed = randomInt(SEEDS), jobs, subject }: RandomOptions,
): ComposedCase {
  const one = randomCase(rank, random, seed);
  return {
    ...one,
    async judge(trial) {
      // The generator of sessions is large, and rarely needed.
      const { runRandom } = await import('../../lib/conformance/random/run.js');
      const { result, replay } = await runRandom({
        ...trial,
        case: one,
        cases: casesOf(subject),
        ...(jobs !== undefined && { jobs }),
      });
      return { ...(replay === undefined ? result : withReplay(result, replay, subject)), case: this };
    },
  };
}

function withReplay(result: Result, { seed, script }: Replay, subject: Subject): Result {
  const options = `--rank ${result.case.rank}${subject === 'common' ? '' : ` --subject ${subject}`}`;
  const output = [
    `play it again:     mini-serv conformance --only random --random 1 --seed ${seed} ${options} ./mini_serv`,
    writeScript(`mini-serv-random-${seed}.py`, script),
  ];
  return { ...result, details: { what: '', ...result.details, output } };
}

function writeScript(path: string, script: string): string {
  try {
    writeFileSync(path, script);
    return `without this kit:  ./mini_serv 4242, and in another terminal: python3 ${path} 4242`;
  } catch (error) {
    return `${path}, which plays it without this kit, cannot be written: ${(error as Error).message}`;
  }
}
