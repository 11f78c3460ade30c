import { expect } from 'chai';
import { explainError } from '../../../bin/conformance/prepare.js';
import { CASES } from '../../../lib/conformance/cases/index.js';

describe('explainError()', () => {
  it('does not advise chmod for a program that has the permission but cannot be started', () => {
    const error = Object.assign(new Error(process.execPath), { code: 'EACCES' });
    const plan = { cases: CASES, required: [], isSelection: false, timeoutMs: 1 };
    expect(explainError(error, { ...plan, command: [process.execPath] })).to.contain('mounted noexec');
    expect(explainError(error, { ...plan, command: ['package.json'] })).to.contain('chmod +x package.json');
  });
});
