import { LocalLog } from '../../lib/room/local-log.js';
import { logSpec } from '../support/log-spec.js';

describe('LocalLog', () => {
  logSpec(async () => new LocalLog());
});
