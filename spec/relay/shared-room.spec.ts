import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { MiniServError } from '../../lib/index.js';
import { addCleanup } from '../support/cleanup.js';
import { createTestRelay, Member, recordEvents } from '../support/room.js';
import { StubLog } from '../support/stub-log.js';
import { eventually, within } from '../support/waiting.js';

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
    log.reader.onLines(7, Buffer.from('thr\u00e9e'));
    log.reader.onLeft(7, false);
    expect(events.text).to.equal('joined 7\nline 7 one\nline 7 two\nline 7 thr\u00e9e\nleft 7\n');
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

  it('ends a client whose connection ended before it had an id', async () => {
    const { log, relay } = openRoom();
    const accepted = new Promise<Socket>((resolve) => {
      const onSocket = (message: unknown): void => resolve((message as { socket: Socket }).socket);
      subscribe('net.server.socket', onSocket);
      addCleanup(() => void unsubscribe('net.server.socket', onSocket));
    });
    const client = connect(await relay.listen(0), '127.0.0.1');
    addCleanup(() => void client.destroy());
    client.end();
    await within(once(await accepted, 'end'), 'the end of the connection');
    log.reader.onIdAssigned(0, 8);
    log.reader.onJoined(8, false, true);
    await eventually('the client leaves', () => log.events.length > 1);
    expect(log.events[1]).to.deep.equal({ kind: 'left', client: 8, silent: false });
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
