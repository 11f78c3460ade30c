import { expect } from 'chai';
import { judge } from '../../bench/goals.js';
import type { ContestResult } from '../../bench/results.js';
import { busiest, contestTable, figure, goalTable } from '../../bench/table.js';

const CONTEST: ContestResult = {
  name: 'a load',
  metric: 'rate',
  unit: 'lines/s',
  less: false,
  entries: [
    { name: 'mini-serv', samples: [{ rate: 50, busy: 0.2 }] },
    { name: 'epoll limit (C)', samples: [{ rate: 100, busy: 0.7 }] },
    { name: 'bad', samples: [{ rate: 900 }], disqualified: 'it said a | b' },
    { name: 'gone', samples: [], missing: 'not installed' },
  ],
};

describe('the tables of the bench', () => {
  it('say figures in three digits', () => {
    const said = [0.00028, 0.5, 1.234, 12.34, 123.4, 1234, 999_900, 48_123_456, Number.NaN].map(figure);
    expect(said).to.deep.equal(['0.00028', '0.50', '1.23', '12.3', '123', '1.23 k', '1.00 M', '48.1 M', '–']);
  });

  it('give medians and ratios to the limit', () => {
    const table = contestTable(CONTEST);
    expect(table).to.match(/\| mini-serv \| 50\.0 \| 50\.0–50\.0 \| 0\.50 \(0\.50–0\.50\) \|/);
  });

  it('show who is disqualified, and why, instead of its figures', () => {
    const [row] = /^\| bad .*$/m.exec(contestTable(CONTEST)) as RegExpExecArray;
    expect(row).to.include('disqualified: it said a \\| b');
    expect(row).not.to.include('900');
    expect(contestTable(CONTEST)).to.include('| gone | not installed |');
  });

  it('say of each goal what was measured, in how many rounds, and whether it is met', () => {
    const goal = { contest: 'a load', of: 'mini-serv', against: 'epoll limit (C)', atLeast: 0.4 };
    const unknown = { contest: 'another', of: 'mini-serv', atMost: 1 };
    const table = goalTable([judge(goal, [CONTEST]), judge(unknown, [CONTEST])]);
    expect(table).to.include('a load: mini-serv ≥ 0.4 × epoll limit (C) | 0.50 (0.50–0.50) | 1 | met |');
    expect(table).to.include('another: mini-serv ≤ 1 | not measured |  | unknown |');
  });

  it('tell how busy the generator was at most', () => {
    expect(busiest([CONTEST])).to.deep.equal({ contest: 'a load', busy: 0.7 });
    expect(busiest([])).to.equal(undefined);
  });
});
