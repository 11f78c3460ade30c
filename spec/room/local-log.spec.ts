import { LocalLog } from '../../lib/room/local-log.js';
import { logSpec } from '../support/log-spec.js';

describe('the embedded log', () => {
  logSpec(async () => new LocalLog());
});
