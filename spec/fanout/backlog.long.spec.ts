import { describeBacklog } from './backlog.js';

describe('large backlogs', () => {
  describeBacklog({
    memory: '64M',
    floodMiB: 144,
    stalledMiB: [256, 96],
    inMemoryMiB: 48,
    heapMiB: 128,
    beyondHeapMiB: 144,
  });
});
