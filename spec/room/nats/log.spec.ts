import { openRoom } from '../../../lib/index.js';
import type { EventLog } from '../../../lib/room/event-log.js';
import { logSpec } from '../../support/log-spec.js';
import { useNats } from '../../support/nats.js';
import { describeWith } from '../../support/tools.js';

describeWith('nats-server', 'SharedLog over NATS JetStream', () => {
  const nats = useNats();
  const urls = new WeakMap<EventLog, string>();
  const open = async (url: string): Promise<EventLog> => {
    const log = await openRoom(url);
    urls.set(log, url);
    return log;
  };
  logSpec(
    () => open(nats().room()),
    (log) => open(urls.get(log) as string),
  );
});
