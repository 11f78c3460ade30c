import { describeRandomWrites } from './writer-random.js';

describeRandomWrites('transcript/writer-random', 2000);
