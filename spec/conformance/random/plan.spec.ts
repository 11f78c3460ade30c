import { expect } from 'chai';
import { check, property, sample } from 'fast-check';
import { RANKS } from '../../../lib/conformance/case.js';
import { CASES } from '../../../lib/conformance/cases/index.js';
import { demandsOf } from '../../../lib/conformance/random/demands.js';
import { sessions } from '../../../lib/conformance/random/generate.js';
import { planOf } from '../../../lib/conformance/random/plan.js';
import { seedOf } from '../../../lib/conformance/random/seed.js';
import type { Action, Step } from '../../../lib/conformance/random/session.js';
import { casesOf } from '../../../lib/conformance/subject.js';

const ALL = demandsOf('beyond', CASES);

function action(kind: Action['kind'], place: number, rest: Partial<Action> = {}): Action {
  return { kind, place, text: '', cuts: [], isAwaited: true, ...rest };
}

/** Returns steps as a text: `0 connect, 0 send`. An asterisk means that the next step does not wait. */
const shown = (steps: readonly Step[]): string =>
  steps.map(({ client, kind, isAwaited }) => `${client} ${kind}${isAwaited ? '' : '*'}`).join(', ');

const without = (name: string): typeof ALL => new Set([...ALL].filter((one) => one !== name));

describe('the plan of a random session', () => {
  const plan = (clients: number, actions: readonly Action[], demands = ALL): string =>
    shown(planOf({ clients, actions }, demands));

  it('leaves out actions of clients that are not connected', () => {
    const actions = [
      action('send', 1, { text: 'a\n' }),
      action('end', 0),
      action('send', 0, { text: 'b\n' }),
      action('connect', 0),
      action('resume', 0),
      action('pause', 0),
      action('pause', 0),
      action('send', 0),
    ];
    expect(plan(1, actions)).to.equal('0 connect, 0 end, 1 connect, 1 pause');
  });

  it('cuts a text into packets, none of them empty', () => {
    const actions = [action('send', 0, { text: 'hello\n', cuts: [500, 0, 1000, 500] })];
    expect(planOf({ clients: 1, actions }, ALL).at(-1)?.packets).to.deep.equal(['hel', 'lo\n']);
  });

  it('waits between two arrivals, so that the id of each client is known', () => {
    const actions = [1, 2, 3].map((place) => action('connect', place, { isAwaited: false }));
    expect(plan(1, actions)).to.equal('0 connect, 1 connect, 2 connect, 3 connect*');
  });

  it('does not reset a connection that the server may not have accepted', () => {
    const actions = [action('connect', 1, { isAwaited: false }), action('reset', 1)];
    expect(plan(1, [action('reset', 0)])).to.equal('0 connect, 0 end');
    expect(plan(1, actions)).to.equal('0 connect, 1 connect*, 1 end');
    expect(plan(2, [action('reset', 1)])).to.equal('0 connect, 1 connect, 1 reset');
  });

  it('lets no client connect after another has left, unless ids-grow is demanded', () => {
    const actions = [action('end', 1), action('connect', 1)];
    expect(plan(2, actions)).to.match(/1 end, 2 connect$/);
    expect(plan(2, actions, without('ids-grow'))).to.match(/1 end$/);
  });

  it('waits before a client leaves, unless say-and-go is demanded', () => {
    const actions = [action('send', 1, { text: 'a\n', isAwaited: false }), action('end', 1)];
    expect(plan(2, actions)).to.match(/1 send\*, 1 end$/);
    expect(plan(2, actions, without('say-and-go'))).to.match(/1 send, 1 end$/);
  });

  it('lets no client leave in the middle of a line, unless unfinished-dropped is demanded', () => {
    const actions = [action('send', 1, { text: 'a' }), action('end', 1)];
    expect(plan(2, actions)).to.match(/1 send, 1 end$/);
    expect(plan(2, actions, without('unfinished-dropped'))).to.match(/1 send$/);
    const reset = [action('send', 1, { text: 'a\n', isAwaited: false }), action('reset', 1)];
    expect(plan(2, reset, without('unfinished-dropped'))).to.match(/1 send, 1 reset$/);
  });

  it('sends megabytes only past a client that does not read, and as far as that is demanded', () => {
    const flood = action('send', 0, { text: `${'x'.repeat(999)}\n`.repeat(2000) });
    const actions = [flood, action('pause', 1), flood, action('send', 0, { text: 'a\n' }), action('end', 1)];
    const rest = (demands = ALL): string => shown(planOf({ clients: 2, actions }, demands).slice(2));
    expect(rest()).to.equal('1 pause, 0 send, 0 send, 1 end');
    expect(rest(without('lazy-hears-all'))).to.equal('1 pause, 1 giveUp*, 0 send, 0 send');
    expect(rest(without('lazy-holds-nobody-up'))).to.equal('1 pause, 0 send, 1 end');
  });

  describe('without the demand pieces', () => {
    const demands = without('pieces');
    const pieces = action('send', 0, { text: 'hello\n', cuts: [500], isAwaited: false });

    it('sends a line in pieces while nothing else happens', () => {
      const other = action('send', 1, { text: 'a\n', isAwaited: false });
      expect(plan(2, [other, pieces])).to.match(/1 send\*, 0 send\*$/);
      expect(plan(2, [other, pieces], demands)).to.match(/1 send, 0 send$/);
    });

    it('sends no line in pieces if it is unknown which clients the server has accepted', () => {
      expect(plan(1, [pieces], demands)).to.equal('0 connect');
      const unknown = [action('pause', 0), action('connect', 1), pieces];
      expect(plan(1, unknown, demands)).to.equal('0 connect, 0 pause, 1 connect');
    });

    it('sends a long line only in packets that have the length of a known case', () => {
      const text = `${'x'.repeat(87_000)}\n`;
      const inPackets = action('send', 0, { text, cuts: [150, 300, 450, 600, 750, 900] });
      expect(plan(2, [inPackets], demands)).to.match(/0 send$/);
      expect(plan(2, [action('send', 0, { text })], demands)).to.equal('0 connect, 1 connect');
    });
  });

  it('acts only for clients that are connected, in any random session of any rank', () => {
    for (const rank of RANKS) {
      const demands = demandsOf(rank, CASES);
      const { failed, counterexample } = check(
        property(sessions(demands), (session) => {
          const connected = new Set<number>();
          for (const { kind, client } of planOf(session, demands)) {
            if (kind === 'connect') connected.add(client);
            else if (!connected.has(client)) return false;
            if (['end', 'reset', 'giveUp'].includes(kind)) connected.delete(client);
          }
          return connected.size <= 5;
        }),
        { numRuns: 25, seed: 7 },
      );
      expect(failed, JSON.stringify(counterexample)).to.equal(false);
    }
  });
});

describe('the sessions of a rank', () => {
  it('contain only short lines of printable characters for subject', () => {
    const demands = demandsOf('subject', CASES);
    for (const session of sample(sessions(demands), { numRuns: 100, seed: 3 })) {
      for (const { packets, isAwaited, kind } of planOf(session, demands)) {
        expect(isAwaited).to.equal(true);
        expect(kind).to.not.equal('reset');
        for (const packet of packets) expect(packet).to.match(/^([ -~]{1,120}\n){1,4}$/);
      }
    }
  });

  it('contain whole lines in pieces and long lines in packets for exam', () => {
    const demands = demandsOf('exam', CASES);
    const steps = sample(sessions(demands), { numRuns: 60, seed: 3 }).flatMap((one) => planOf(one, demands));
    const cut = steps.filter(({ packets }) => packets.length > 1);
    expect(cut.some(({ packets }) => packets.join('').length < 100)).to.equal(true);
    expect(cut.some(({ packets }) => packets.join('').length > 15_000)).to.equal(true);
    expect(cut.every(({ packets, isAwaited }) => isAwaited && packets.at(-1)?.endsWith('\n'))).to.equal(true);
  });

  it('contain pieces, resets, long lines and steps without a wait for beyond', () => {
    const steps = sample(sessions(ALL), { numRuns: 60, seed: 3 }).flatMap((one) => planOf(one, ALL));
    expect(steps.some(({ kind }) => kind === 'reset')).to.equal(true);
    expect(steps.some(({ isAwaited }) => !isAwaited)).to.equal(true);
    expect(steps.some(({ packets }) => packets.length > 1)).to.equal(true);
    expect(steps.some(({ packets }) => packets.some((packet) => /[^\n]{2000}/.test(packet)))).to.equal(true);
    expect(steps.some(({ packets }) => packets.at(-1)?.endsWith('\n') === false)).to.equal(true);
  });
});

describe('the demands of a rank', () => {
  it('follow the text of the subject', () => {
    expect(demandsOf('practice', casesOf('common')).has('long-line')).to.equal(true);
    expect(demandsOf('practice', casesOf('4096')).has('long-line')).to.equal(false);
    expect(demandsOf('beyond', casesOf('4096')).has('long-line')).to.equal(true);
    expect(() => demandsOf('exam', [])).to.throw('no case has the name blanks');
  });
});

describe('the seed of a random session', () => {
  it('is the seed of the run for the first session, and different for all others', () => {
    expect(seedOf(42, 0)).to.equal(42);
    const seeds = Array.from({ length: 1000 }, (_, i) => seedOf(42, i));
    expect(new Set(seeds).size).to.equal(1000);
    expect(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)).to.equal(true);
    expect(seedOf(43, 1)).to.not.equal(seedOf(42, 1));
  });
});
