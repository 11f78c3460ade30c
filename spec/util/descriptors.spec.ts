import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { descriptorBudget } from '../../lib/util/descriptors.js';
import { HAS_PROC } from '../support/proc.js';

describe('descriptors', () => {
  it('are shared out: what is open, up to 96 files for the spill, a reserve of 8, and the rest for connections', function () {
    if (!HAS_PROC) this.skip();
    const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
    const open = readdirSync('/proc/self/fd').length;
    const { maxConnections, maxSpillFiles } = descriptorBudget();
    expect(maxSpillFiles).to.equal(Math.min(96, Math.max(8, Math.floor(limit / 16))));
    // To look is to open some oneself.
    expect(maxConnections).to.be.within(
      limit - open - maxSpillFiles - 8 - 3,
      limit - open - maxSpillFiles - 8 + 3,
    );
  });
});
