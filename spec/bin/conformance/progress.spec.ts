import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { liveProgress, printedProgress, progressLine } from '../../../bin/conformance/progress.js';
import type { Case } from '../../../lib/conformance/case.js';
import { CASES } from '../../../lib/conformance/cases/index.js';

const [ONE] = CASES as readonly [Case];
const PASSED = { case: ONE, outcome: 'passed', timeline: [] } as const;

describe('the progress of mini-serv conformance', () => {
  it('shows the case, and after a second the expected time', () => {
    expect(progressLine({ finished: 12, total: 62 }, { ...ONE, name: 'every-line' }, 3000, 0.15)).to.equal(
      '[12/62] every-line … 3 s of about 20 s',
    );
    expect(progressLine({ finished: 0, total: 2 }, undefined, 10, 0)).to.equal('[0/2]  … 0 s');
  });

  it('replaces one line, which is never wider than the terminal', async () => {
    const output = new PassThrough();
    const view = liveProgress(output, () => 10, CASES);
    view.onCaseStart(ONE);
    view.onResult(PASSED, { finished: 1, total: 2 });
    await view.end();
    const lines = String(output.read()).split('\r\u001b[K');
    expect(lines).to.have.length(4);
    expect(lines.every((line) => line.length < 10)).to.equal(true);
    expect(lines.at(-1)).to.equal('');
  });

  it('prints a line for each case where a line cannot be replaced', async () => {
    const output = new PassThrough();
    const view = printedProgress(output);
    view.onCaseStart(ONE);
    view.onResult(PASSED, { finished: 1, total: 12 });
    view.onResult({ ...PASSED, outcome: 'skipped', reason: 'no cc' }, { finished: 12, total: 12 });
    view.hide();
    await view.end();
    expect(String(output.read())).to.equal(
      `[ 1/12] ✓ ${ONE.name}: ${ONE.title}\n[12/12] – ${ONE.name}: skipped: no cc\n`,
    );
  });
});
