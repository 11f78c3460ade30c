import { expect } from 'chai';
import { MiniServError } from '../../../lib/index.js';
import { StubLog } from '../../support/stub-log.js';
import { eventually, within } from '../../support/waiting.js';
import { openFeed, openTestWeb, PageSocket } from '../../support/web.js';

async function openRoom() {
  const log = new StubLog();
  return { log, ...(await openTestWeb({ room: log })) };
}

describe('web port: a shared room', () => {
  it('reports the clients of other relays and the state of the engine', async () => {
    const { log, ...web } = await openRoom();
    const feed = await openFeed(web);
    const status = await feed.frame('status');
    expect(status).to.deep.include({ engine: 'connected', clients: [], room: { count: 2, others: [3, 7] } });
    log.reader.onOutage(new MiniServError('ERR_ROOM_UNREACHABLE', 'no engine'));
    await feed.frame('status', ({ engine }) => engine === 'unreachable');
  });

  it('lets a page join when the engine has assigned its id, which the page receives first', async () => {
    const { log, ...web } = await openRoom();
    const page = new PageSocket(web, '/join');
    await eventually('a request for an id', () => log.events.length === 1);
    log.reader.onIdAssigned(0, 7);
    log.reader.onJoined(7, false, true, Date.now());
    // So much is delivered in the same turn.
    log.reader.onLines(3, `${'x'.repeat(1_000_000)}\n`, Date.now());
    expect(await page.frame('id')).to.include({ id: 7, after: 0 });
    await page.inbox.untilLength(1_000_000);
  });

  it('ends a page that closes before it has an id as soon as it has one, and forgets it', async () => {
    const { log, relay, ...web } = await openRoom();
    const page = new PageSocket(web, '/join');
    await eventually('a request for an id', () => log.events.length === 1);
    page.socket.close();
    await within(page.closed, 'the close');
    log.reader.onIdAssigned(0, 7);
    log.reader.onJoined(7, false, true, Date.now());
    await eventually('the leaving of the client', () => log.events.some(({ kind }) => kind === 'left'));
    log.reader.onLeft(7, false, Date.now());
    await eventually('the end of the client', () => relay.stats().clients === 0);
    let isKnown = false;
    const getCode = () => {
      isKnown = true;
    };
    relay.emit('left', 7, Object.defineProperty(new Error(), 'code', { get: getCode }));
    expect(isKnown).to.equal(false);
  });
});
