import { openRoom } from '../../../lib/index.js';
import type { EventLog } from '../../../lib/room/event-log.js';
import { logSpec } from '../../support/log-spec.js';
import { describeWithNats, startNats } from '../../support/nats.js';

describeWithNats('a log over NATS JetStream', () => {
  const urls = new WeakMap<EventLog, string>();
  const open = async (url: string): Promise<EventLog> => {
    const log = await openRoom(url);
    urls.set(log, url);
    return log;
  };
  logSpec(
    async () => open((await startNats()).room()),
    (log) => open(urls.get(log) as string),
  );
});
