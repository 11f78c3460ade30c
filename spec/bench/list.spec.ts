import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { BACKLOG, brokerContests } from '../../bench/contests.js';

const BENCH = fileURLToPath(new URL('../../bench/bench.js', import.meta.url));

describe('bench --list', () => {
  it('lists the contests that --brokers measures', () => {
    const output = execFileSync(process.execPath, [BENCH, '--brokers', '--list'], { encoding: 'utf8' });
    expect(output.trimEnd().split('\n')).to.deep.equal(brokerContests().map(({ name }) => name));
    expect(output).to.include(BACKLOG);
  });
});
