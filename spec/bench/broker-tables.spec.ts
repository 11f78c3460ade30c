import { expect } from 'chai';
import { brokerTables, outcomeOf } from '../../bench/broker-tables.js';
import { BACKLOG, nameOf, type Sample } from '../../bench/contests.js';
import type { ContestResult, EntryResult } from '../../bench/results.js';

const sample = (more: Sample): Sample => ({
  published: 512,
  received: 512,
  memory: 1,
  disk: 0,
  pause: 0.1,
  complete: 1,
  ...more,
});

function contest(name: string, ...entries: EntryResult[]): ContestResult {
  return { name, metric: 'rate', unit: '', less: false, entries };
}

describe('tables of the comparison with brokers', () => {
  const fanOut = contest(
    nameOf(1, 100),
    { name: 'mini-serv', samples: [{ rate: 6e6 }, { rate: 5e6 }, { rate: 1e6 }] },
    { name: 'slow', samples: [{ rate: 2e6 }] },
    { name: 'absent', samples: [], missing: 'absent is not installed' },
    { name: 'wrong', samples: [{ rate: 9e6 }], disqualified: 'it lost 1 of 2 lines' },
  );

  it('show the median of each relay, and how many times as fast mini-serv is', () => {
    const text = brokerTables([fanOut]);
    expect(text).to.include('| mini-serv | 5.00 M |').and.to.include('| slow | 2.00 M (2.50 ×) |');
  });

  it('name what is missing, and why a relay has no figure', () => {
    const text = brokerTables([fanOut]);
    expect(text).to.include('| absent | absent is not installed |');
    expect(text).to.include('| wrong | disqualified: it lost 1 of 2 lines |');
  });

  it('compare the other reader of the stalled one with a fan-out to one reader', () => {
    const backlog = contest(BACKLOG, {
      name: 'slow',
      samples: [sample({ rate: 1e6, memory: 3, disk: 490 })],
    });
    expect(brokerTables([fanOut, backlog])).to.include(
      '| slow | writes 490 MiB to disk, delivers everything | 0.50 | 3 MiB | 490 MiB | everything |',
    );
  });

  for (const [outcome, figures] of [
    ['delivers everything', {}],
    ['grows by 600 MiB, delivers everything', { memory: 600 }],
    ['discards lines', { complete: 0, received: 3 }],
    ['discards lines (90 MiB published in a minute)', { complete: 0, received: 3, published: 90 }],
    ['drops it at 32 MiB', { droppedAt: 32, complete: 0 }],
    ['drops it at 31 MiB after a pause of 9.0 s for all', { droppedAt: 31, pause: 9, complete: 0 }],
    ['stalls all at 10 MiB, delivers everything', { stoppedAt: 10, published: 10 }],
    ['grows, and was stopped at 400 MiB', { outgrownAt: 400, memory: 4200, published: 400, complete: 0 }],
  ] as const) {
    it(`say "${outcome}"`, () => {
      expect(outcomeOf(sample(figures))).to.equal(outcome);
    });
  }
});
