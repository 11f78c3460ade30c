import { expect } from 'chai';
import { RANKS } from '../../lib/conformance/case.js';
import { caseList } from '../../lib/conformance/case-list.js';
import { CASES } from '../../lib/conformance/cases/index.js';

describe('caseList()', () => {
  it('shows the ranks with all names before the details', () => {
    const [overview = '', ...sections] = caseList(CASES).trimEnd().split('\n\n');
    const names = overview.replaceAll('\n', ' ');
    for (const { name } of CASES) expect(names, name).to.match(new RegExp(` ${name}(,| |$)`));
    expect(sections.map((section) => section.split('\n', 1)[0])).to.deep.equal(
      RANKS.map((rank) => `${rank}:`),
    );
  });

  it('fits terminals of 60 to 100 columns', () => {
    for (const columns of [60, 61, 80, 99, 100]) {
      const longest = Math.max(
        ...caseList(CASES, columns)
          .split('\n')
          .map((line) => line.length),
      );
      expect(longest, `${columns} columns`).to.be.within(columns - 15, columns);
    }
  });

  it('leaves out ranks without cases', () => {
    const some = CASES.filter(({ rank }) => rank === 'exam').slice(0, 2);
    expect(caseList(some)).to.match(/^exam \(2\): .*\n.*\n\nexam:\n/);
  });
});
