import { describeWith } from '../support/tools.js';
import { requireDiskGivenBack } from './backlog.js';

describeWith('proc', 'faults: killed readers with a large backlog', () => {
  it('gives back disk and descriptors when three readers are killed with 100 MiB owed to each', async () => {
    await requireDiskGivenBack(100 * 1024 * 1024);
  });
});
