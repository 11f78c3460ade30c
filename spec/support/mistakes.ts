import { expect } from 'chai';
import { RANKS, type Rank } from '../../lib/conformance/case.js';
import { CASES } from '../../lib/conformance/cases/index.js';
import type { Result } from '../../lib/conformance/run.js';
import { conforms } from '../../lib/conformance/verdict.js';
import {
  compiledServers,
  expectFailures,
  MISTAKES,
  type Mistake,
  runKit,
  sideBySide,
} from './conformance.js';
import { describeWith } from './tools.js';

/** Mistakes that can be seen only on Linux, which has /proc and all of 127.0.0.0/8. */
const LINUX_ONLY: readonly Mistake[] = ['ANY_ADDRESS', 'LEAK_DESCRIPTORS'];

/** Servers under test at the same time. Most of the time the kit waits for something that a faulty server never sends. */
const SERVERS_AT_ONCE = 3;

/** Time to wait for what a server with a mistake never sends, in milliseconds. */
const MISTAKE_TIMEOUT_MS = 2000;

/** The lowest rank at which a server with the mistake does not conform. */
const RANK_OF_MISTAKE: Readonly<Record<Mistake, Rank>> = {
  PREFIX_ONCE: 'subject',
  TELL_ONESELF: 'subject',
  LEAK_LEFTOVER: 'practice',
  TO_ONESELF: 'subject',
  FIRST_IS_ONE: 'subject',
  FLUSH_ON_LEAVE: 'practice',
  FLUSH_UNENDED_ON_LEAVE: 'practice',
  SKIP_EMPTY_LINES: 'exam',
  BLOCKING_SEND: 'practice',
  BLOCKING_SEND_BEHIND_SELECT: 'practice',
  BLOCKING_SEND_OF_ALL: 'practice',
  DROP_WHEN_FULL: 'practice',
  THROW_AWAY_THE_REST: 'practice',
  DISCONNECT_ON_PARTIAL_SEND: 'practice',
  LOWEST_FREE_ID: 'exam',
  NO_LEFT_AFTER_RST: 'exam',
  WRONG_WORDS: 'subject',
  ANY_ADDRESS: 'practice',
  LEAK_DESCRIPTORS: 'exam',
  CRASH_ON_LONG_LINES: 'practice',
};

const ranksUpTo = (rank: Rank): readonly Rank[] => RANKS.slice(0, RANKS.indexOf(rank) + 1);

/** The cases of the ranks up to practice that need a program. */
export const REQUIRED_CASES: readonly string[] = CASES.filter(
  ({ rank, run }) => rank !== 'beyond' && run !== undefined,
).map(({ name }) => name);

/**
 * Runs cases on a correct server, and on one server for each classic mistake.
 *
 * @param chooseOthers the cases that the server with a mistake should pass
 */
export function describeMistakes(chooseOthers: (failing: string) => readonly string[]): void {
  describeWith('cc', 'the kit, with servers that have one classic mistake each', () => {
    const mistakes = Object.keys(MISTAKES) as Mistake[];
    let results: Map<Mistake, Promise<[own: Result[], others: Result[]]>>;
    let servers: ReturnType<typeof compiledServers> | undefined;

    before(() => {
      const compiled = compiledServers();
      servers = compiled;
      const runs = sideBySide(mistakes, SERVERS_AT_ONCE, async (mistake): Promise<[Result[], Result[]]> => {
        // The specs have ended, for example because mocha runs only some of them.
        if (servers === undefined) return [[], []];
        const command = [await compiled.compile(mistake)];
        const failing = MISTAKES[mistake];
        return [
          await runKit(command, [failing], MISTAKE_TIMEOUT_MS),
          await runKit(command, chooseOthers(failing)),
        ];
      });
      results = new Map(mistakes.map((mistake, i) => [mistake, runs[i] as (typeof runs)[number]]));
    });

    after(() => {
      servers?.remove();
      servers = undefined;
    });

    for (const mistake of mistakes) {
      const failing = MISTAKES[mistake];
      it(`fails ${failing} and passes ${countOf(chooseOthers(failing))} for ${mistake}`, async function () {
        if (LINUX_ONLY.includes(mistake) && process.platform !== 'linux') this.skip();
        const [own = [], others = []] = (await results.get(mistake)) ?? [];
        expectFailures([...own, ...others], [failing]);
        expect(others.filter(({ outcome }) => outcome === 'passed').length).to.be.at.least(
          Math.min(30, chooseOthers(failing).length),
        );
        expect(conforms(own, ranksUpTo(RANK_OF_MISTAKE[mistake]))).to.equal(false);
      });
    }

    it('reports which client was notified of its own arrival, and what it should have received', async () => {
      const [[result] = []] = (await results.get('TELL_ONESELF')) ?? [];
      expect(result?.details?.what).to.equal('B received the notice of its own arrival');
      expect(result?.details?.expected?.toString()).to.equal('client 0: hello\n');
      expect(result?.details?.received?.toString()).to.equal('server: client 1 just arrived\n');
    });

    it('reports the signal of a crash in the case in which it happened', async () => {
      const [[result] = []] = (await results.get('CRASH_ON_LONG_LINES')) ?? [];
      expect(result?.exit).to.deep.equal({ code: null, signal: 'SIGABRT' });
    });
  });
}

function countOf({ length }: readonly string[]): string {
  return length === 1 ? 'one other case' : `${length} other cases`;
}
