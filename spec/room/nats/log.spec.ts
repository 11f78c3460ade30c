import { openRoom } from '../../../lib/index.js';
import type { Log } from '../../../lib/room/event-log.js';
import { logSpec } from '../../support/log-spec.js';
import { describeWithNats, startNats } from '../../support/nats.js';

describeWithNats('a log over NATS JetStream', () => {
  const urls = new WeakMap<Log, string>();
  const open = async (url: string): Promise<Log> => {
    const log = await openRoom(url);
    urls.set(log, url);
    return log;
  };
  logSpec(
    async () => open((await startNats()).room()),
    (log) => open(urls.get(log) as string),
  );
});
