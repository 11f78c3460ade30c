import { expect } from 'chai';
import { MiniServError } from '../../lib/index.js';
import { createTestRelay, Member, recordEvents } from '../support/room.js';
import { StubLog } from '../support/stub-log.js';

/** As when the engine is unreachable: the last records never come back. */
class UnreachableLog extends StubLog {
  override close(): Promise<void> {
    return new Promise(() => {});
  }
}

function openRoom() {
  const log = new UnreachableLog();
  const relay = createTestRelay({ room: log, graceMs: 100_000 });
  const events = recordEvents(relay);
  relay.on('engineReconnected', () => events.push(Buffer.from('engineReconnected\n')));
  relay.on('engineLost', ({ code }) => events.push(Buffer.from(`engineLost ${code}\n`)));
  return { log, relay, events };
}

describe('Relay in a shared room', () => {
  it('requests an id for each connection', () => {
    const { log, relay } = openRoom();
    new Member(relay);
    new Member(relay);
    expect(log.events).to.deep.equal([
      { kind: 'connected', token: 0, silent: false },
      { kind: 'connected', token: 1, silent: false },
    ]);
  });

  it('emits events of clients of other relays', () => {
    const { log, events } = openRoom();
    log.reader.onJoined(7, false, true);
    log.reader.onLines(7, 'one\ntwo');
    log.reader.onLeft(7, false);
    expect(events.text).to.equal('joined 7\nline 7 one\nline 7 two\nleft 7\n');
  });

  it('counts lines of other relays as messages for its clients, and not as lines that came in', () => {
    const { log, relay } = openRoom();
    new Member(relay);
    log.reader.onIdAssigned(0, 8);
    log.reader.onJoined(8, false, true);
    log.reader.onLines(7, 'one\ntwo');
    expect(relay.stats()).to.include({ messages: 3, linesIn: 0, linesOut: 2 });
  });

  it('has the client ids of the log', () => {
    expect(openRoom().relay.clientIds()).to.deep.equal([3, 7]);
  });

  it('emits a warning when the engine is unreachable, and engineReconnected after that', () => {
    const { log, relay, events } = openRoom();
    log.reader.onOutage(new MiniServError('ERR_ROOM_UNREACHABLE', 'unreachable'));
    expect(relay.stats().engine).to.equal('unreachable');
    log.reader.onReconnect();
    expect(relay.stats().engine).to.equal('connected');
    expect(events.text).to.equal('warning ERR_ROOM_UNREACHABLE\nengineReconnected\n');
  });

  it('emits engineLost once and closes without waiting for its last records', async () => {
    const { log, relay, events } = openRoom();
    for (let i = 0; i < 2; i++) log.reader.onLost(new MiniServError('ERR_ROOM_DOWN', 'declared dead'));
    await relay.close();
    expect(relay.stats().engine).to.equal('lost');
    expect(events.text).to.equal('engineLost ERR_ROOM_DOWN\nclose\n');
  });

  it('ignores an id that is assigned after the connection was given up', async () => {
    const { log, relay } = openRoom();
    const member = new Member(relay);
    await relay.close(0);
    log.reader.onIdAssigned(0, 5);
    expect(relay.stats().clients).to.equal(0);
    expect(await member.handle.id.catch(({ code }) => code)).to.equal('ERR_STATE');
  });
});
