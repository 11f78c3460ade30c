import { describeBacklog } from './backlog.js';

describeBacklog({
  memory: '8M',
  floodMiB: 32,
  stalledMiB: [48, 32],
  inMemoryMiB: 24,
  heapMiB: 32,
  beyondHeapMiB: 48,
});
