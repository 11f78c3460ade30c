import { expect } from 'chai';
import { type Case, RANKS, type Rank } from '../../../lib/conformance/case.js';
import { CASES } from '../../../lib/conformance/cases/index.js';
import { randomCase } from '../../../lib/conformance/random/case.js';
import { runRandom } from '../../../lib/conformance/random/run.js';
import {
  compiledServers,
  MISTAKES,
  type Mistake,
  RELAY,
  scriptWithMistake,
} from '../../support/conformance.js';
import { describeWith } from '../../support/tools.js';

/** On two idle cores, so many sessions take less than a minute. */
const SESSIONS = 200;
const TIMEOUT_MS = 5000;
/** The rank whose mistakes are looked for. MINI_SERV_RANK=practice takes some ten minutes. */
const RANK = (process.env.MINI_SERV_RANK ?? 'exam') as Rank;

/** Cases about the arguments, the address and the descriptors of a server, which no client can see. */
const NOT_IN_SESSIONS = ['no-argument', 'other-addresses', 'no-descriptor-leak'];

/** Returns whether a mistake is one that random sessions of this rank should find. */
function isCovered(failing: string, rank: Rank): boolean {
  const { rank: asked } = CASES.find(({ name }) => name === failing) as Case;
  return !NOT_IN_SESSIONS.includes(failing) && RANKS.indexOf(asked) <= RANKS.indexOf(rank);
}

/** The other mistakes that clients can see. The first case that fails has the rank of the mistake. */
const SCRIPTS = {
  trim: 'blanks',
  toString: 'high-bytes',
  eachPacket: 'line-in-pieces',
  shortLines: 'long-line-in-packets',
  atOnce: 'pieces',
} as const;

describeWith('cc', 'random sessions', () => {
  let servers: ReturnType<typeof compiledServers>;

  before(() => {
    servers = compiledServers();
  });

  after(() => servers.remove());

  it(`find at least nine in ten of the mistakes that rank ${RANK} covers`, async function () {
    this.timeout(1_800_000);
    const compiled = Object.entries(MISTAKES).filter(([, failing]) => isCovered(failing, RANK));
    const scripts = Object.entries(SCRIPTS).filter(([, failing]) => isCovered(failing, RANK));
    const commands = [
      [await servers.compile('SEND_TO_LISTENER')],
      ...(await Promise.all(compiled.map(async ([name]) => [await servers.compile(name as Mistake)]))),
      ...scripts.map(([name]) => scriptWithMistake(name)),
    ];
    const missed: string[] = [];
    for (const command of commands) {
      const { result } = await runRandom({
        command,
        timeoutMs: TIMEOUT_MS,
        case: randomCase(RANK, SESSIONS, 1),
        cases: CASES,
      });
      if (result.outcome !== 'failed') missed.push(`${command.at(-1)}`);
    }
    expect(commands.length).to.equal(RANK === 'exam' ? 12 : 23);
    expect(missed.length / commands.length, missed.join()).to.be.at.most(0.1);
  });

  for (const [name, rank] of [
    ['the C server without a mistake', 'beyond'],
    ['mini-serv itself', 'beyond'],
  ] as const) {
    it(`pass for ${name}, with several seeds`, async function () {
      this.timeout(1_800_000);
      const command = name === 'mini-serv itself' ? RELAY : [await servers.compile('NONE')];
      for (const seed of [1, 2, 3]) {
        const { result } = await runRandom({
          command,
          timeoutMs: TIMEOUT_MS,
          case: randomCase(rank, 50, seed),
          cases: CASES,
        });
        expect(result.outcome, JSON.stringify(result.details ?? result.reason)).to.equal('passed');
      }
    });
  }
});
