import { expect } from 'chai';
import { judge } from '../../bench/goals.js';
import type { ContestResult } from '../../bench/results.js';
import { busiest, contestTable, figure, goalTable, summary } from '../../bench/table.js';

const CONTEST: ContestResult = {
  name: 'a load',
  metric: 'rate',
  unit: 'lines/s',
  less: false,
  entries: [
    { name: 'mini-serv', samples: [{ rate: 50, busy: 0.2 }] },
    { name: 'epoll limit (C)', samples: [{ rate: 100, busy: 0.7 }] },
    { name: 'bad', samples: [{ rate: 900 }], disqualified: 'it sent a | b' },
    { name: 'absent', samples: [], missing: 'not installed' },
  ],
};

describe('tables of the bench', () => {
  it('print figures with three digits', () => {
    const figures = [0.00028, 0.5, 1.234, 12.34, 123.4, 1234, 999_900, 48_123_456, Number.NaN].map(figure);
    expect(figures).to.deep.equal([
      '0.00028',
      '0.50',
      '1.23',
      '12.3',
      '123',
      '1.23 k',
      '1.00 M',
      '48.1 M',
      '–',
    ]);
  });

  it('show medians and ratios to the limit', () => {
    const table = contestTable(CONTEST);
    expect(table).to.match(/\| mini-serv \| 50\.0 \| 50\.0–50\.0 \| 0\.50 \(0\.50–0\.50\) \|/);
  });

  it('show the reason instead of the figures of a disqualified relay', () => {
    const [row] = /^\| bad .*$/m.exec(contestTable(CONTEST)) as RegExpExecArray;
    expect(row).to.include('disqualified: it sent a \\| b');
    expect(row).not.to.include('900');
    expect(contestTable(CONTEST)).to.include('| absent | not installed |');
  });

  it('show the ratio, the rounds and the verdict of each goal', () => {
    const goal = { contest: 'a load', of: 'mini-serv', against: 'epoll limit (C)', atLeast: 0.4 };
    const unknown = { contest: 'another', of: 'mini-serv', atMost: 1 };
    const table = goalTable([judge(goal, [CONTEST]), judge(unknown, [CONTEST])]);
    expect(table).to.include('a load: mini-serv ≥ 0.4 × epoll limit (C) | 0.50 (0.50–0.50) | 1 | met |');
    expect(table).to.include('another: mini-serv ≤ 1 | no time left |  | unknown |');
  });

  it('end with a summary that names each goal that is not met, its figures and the reason', () => {
    const goal = { contest: 'a load', of: 'mini-serv', against: 'epoll limit (C)', atLeast: 0.4 };
    const missed = { ...goal, atLeast: 0.6, why: 'Writes are expensive.' };
    const absent = { ...goal, against: 'absent' };
    const judged = [goal, missed, absent].map((each) => judge(each, [CONTEST]));
    const lines = summary(judged, 95_400).split('\n');
    expect(lines).to.deep.equal([
      'undecided: a load: mini-serv ≥ 0.6 × epoll limit (C): measured 0.50 (0.50–0.50) in 1 round. Writes are expensive.',
      'not measured: a load: mini-serv ≥ 0.4 × absent: not installed',
      '3 goals: 1 met, 0 missed, 1 undecided, 1 not measured (not installed), in 1 min 35 s',
    ]);
    expect(summary(judged.slice(0, 1), 1000)).to.match(/^1 goal: /);
  });

  it('report the maximum CPU load of the load generator', () => {
    expect(busiest([CONTEST])).to.deep.equal({ contest: 'a load', busy: 0.7 });
    expect(busiest([])).to.equal(undefined);
  });
});
