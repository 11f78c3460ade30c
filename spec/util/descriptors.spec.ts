import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { descriptorBudget } from '../../lib/util/descriptors.js';
import { HAS_PROC } from '../support/proc.js';

describe('descriptorBudget()', () => {
  it('subtracts the open descriptors, up to 96 spill files and 8 reserved ones from the limit', function () {
    if (!HAS_PROC) this.skip();
    const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
    const open = readdirSync('/proc/self/fd').length;
    const { maxConnections, maxSpillFiles } = descriptorBudget();
    expect(maxSpillFiles).to.equal(Math.min(96, Math.max(8, Math.floor(limit / 16))));
    // Reading the folder opens descriptors of its own.
    const expected = limit - open - maxSpillFiles - 8;
    expect(maxConnections).to.be.within(expected - 3, expected + 3);
  });
});
