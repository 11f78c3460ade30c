import { describeWith } from '../support/tools.js';
import { requireNoLeak } from './churn.js';

describeWith(['proc', 'python3'], 'faults: tens of thousands of clients', () => {
  it('5 × 10,000 clients that connect and leave, half by RST, half in mid-line, leak no memory', async () => {
    await requireNoLeak(10_000);
  });
});
