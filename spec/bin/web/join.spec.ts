import { once } from 'node:events';
import { expect } from 'chai';
import { escape as escapeTransform } from '../../../lib/index.js';
import { join } from '../../support/room.js';
import { eventually, within } from '../../support/waiting.js';
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  frame,
  joinAsPage,
  openRaw,
  openTestWeb,
  PageSocket,
  PING,
  TEXT,
  upgradeText,
} from '../../support/web.js';
import { arrivedNotice, leftNotice, relayed } from '../../support/wire.js';

const MIB = 1024 * 1024;

/** Joins with a WebSocket over which a spec sends any bytes, and waits for the id. */
async function joinRaw(web: Parameters<typeof openRaw>[0]) {
  const connection = openRaw(web, upgradeText(web, '/join'));
  await connection.inbox.until('{"type":"id","id":');
  return connection;
}

describe('web port: a page that joins', () => {
  it('is a client like any other', async () => {
    const { relay, ...web } = await openTestWeb();
    const a = await join(relay);
    const page = await joinAsPage(web);
    const other = await joinAsPage(web);
    expect([page.id, other.id]).to.deep.equal([1, 2]);
    a.send('hello\n');
    page.socket.send('from the page\n');
    other.socket.send(Buffer.from('\xff\0\r\n', 'latin1'));
    await other.inbox.until('from the page');
    await page.inbox.until('\r\n');
    await a.until(Buffer.from('\xff\0\r\n', 'latin1'));
    page.socket.close();
    await within(page.closed, 'the close');
    await a.until(leftNotice(1));
    const toOthers = [relayed(1, 'from the page'), relayed(2, '\xff\0\r')];
    const toA = a.inbox.bytes.toString('latin1');
    for (const text of [arrivedNotice(1), arrivedNotice(2), ...toOthers]) expect(toA).to.include(text);
    const toPage = page.inbox.bytes.toString('latin1');
    expect(toPage).to.include(relayed(0, 'hello')).and.not.to.include('client 1');
    expect(page.frames.map(({ type, after }) => ({ type, after }))).to.deep.equal([{ type: 'id', after: 0 }]);
  });

  it('joins lines that it sends in pieces: in several messages, in fragments, and in empty frames', async () => {
    const { relay, ...web } = await openTestWeb();
    const a = await join(relay);
    const { socket } = await joinRaw(web);
    for (const [opcode, text, isLast] of [
      [TEXT, 'one', true],
      [BINARY, ' ', true],
      [TEXT, '', true],
      [TEXT, 'line\nsecond ', false],
      [CONTINUATION, '', false],
      [PING, 'between', true],
      [CONTINUATION, 'li', false],
      [CONTINUATION, 'ne\n', true],
      [BINARY, '\n\nunfinished', true],
    ] as const) {
      socket.write(frame(opcode, text, { isLast }));
    }
    await a.until(relayed(1, 'one line', 'second line', '', ''));
    // Byte by byte, so that each piece of a frame arrives alone.
    for (const byte of frame(TEXT, ' no more\n')) socket.write(Buffer.from([byte]));
    await a.until(relayed(1, 'unfinished no more'));
  });

  it('leaves with a close frame, in the middle of a line too', async () => {
    const { relay, ...web } = await openTestWeb();
    const a = await join(relay);
    const { socket, inbox } = await joinRaw(web);
    const last = [
      frame(TEXT, 'a line\nan unfinished'),
      frame(CLOSE, Buffer.from([3, 232])),
      frame(TEXT, ' one\n'),
    ];
    socket.write(Buffer.concat(last));
    await a.until(leftNotice(1));
    await a.receives(arrivedNotice(1), relayed(1, 'a line'), leftNotice(1));
    await inbox.until(Buffer.from([0x88, 2, 3, 232]));
  });

  it('leaves without a close frame', async () => {
    const { relay, ...web } = await openTestWeb();
    const a = await join(relay);
    const [first, second] = [await joinRaw(web), await joinRaw(web)];
    first.socket.end(frame(TEXT, 'last words\n'));
    await a.until(leftNotice(1));
    second.socket.resetAndDestroy();
    await a.until(leftNotice(2));
    expect(a.received).to.include(relayed(1, 'last words'));
    await eventually('the end of both clients', () => relay.stats().clients === 1);
  });

  it('is disconnected alone if its frames are invalid', async () => {
    const { relay, ...web } = await openTestWeb();
    const a = await join(relay);
    const unmasked = Buffer.from([0x81, 2, 0x68, 0x0a]);
    const protocolError = [3, 234];
    for (const [i, [bytes, code]] of [
      [unmasked, protocolError],
      [frame(3, 'x'), protocolError],
      [Buffer.from([0xc1, 0x80, 0, 0, 0, 0]), protocolError],
      [frame(CONTINUATION, 'x'), protocolError],
      [frame(PING, 'x'.repeat(126)), protocolError],
      [frame(CLOSE, 'x'), protocolError],
      [frame(TEXT, Buffer.from([0xff, 0x0a])), [3, 239]],
      [Buffer.from([0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0]), [3, 241]],
    ].entries()) {
      const { socket, inbox } = await joinRaw(web);
      socket.write(Buffer.concat([frame(TEXT, 'before\n'), bytes as Buffer, frame(TEXT, 'after\n')]));
      await inbox.until(Buffer.from([0x88, 2, ...(code as number[])]));
      await a.until(leftNotice(i + 1));
      socket.destroy();
    }
    expect(a.received).to.include('before').and.not.to.include('after');
    await eventually('the end of all clients', () => relay.stats().clients === 1);
  });

  it('is disconnected with 1009 for a line or a message that is too long', async () => {
    const maxLineBytes = 10;
    const introduce = () => ({ port: 1, room: null, maxLineBytes });
    const { relay, ...web } = await openTestWeb({ maxLineBytes }, { introduce });
    const a = await join(relay);
    const [line, message] = [await joinAsPage(web), await joinAsPage(web)];
    line.socket.send('0123456789\n');
    await a.until(relayed(1, '0123456789'));
    line.socket.send('012345');
    line.socket.send('67890\n');
    expect(await within(line.closed, 'the close')).to.equal(1009);
    message.socket.send('x\n'.repeat(6));
    expect(await within(message.closed, 'the close')).to.equal(1009);
    await a.until(leftNotice(2));
  });

  it('is disconnected with 1011 if its transform fails', async () => {
    const failing = () => {
      throw new Error('broken');
    };
    const { relay, ...web } = await openTestWeb({ transforms: [failing] });
    relay.on('warning', () => {});
    const page = new PageSocket(web, '/join');
    await within(once(page.socket, 'open'), 'the WebSocket');
    page.socket.send('hello\n');
    expect(await within(page.closed, 'the close')).to.equal(1011);
  });

  it('passes the transforms', async () => {
    const { relay, ...web } = await openTestWeb({ transforms: [escapeTransform()] });
    const a = await join(relay);
    const page = await joinAsPage(web);
    page.socket.send('\x1b[2J\n');
    await a.until(relayed(1, '\\x1b[2J'));
  });

  it('is a stalled reader if it stops reading, and receives everything later', async () => {
    const { relay, ...web } = await openTestWeb({ memoryBytes: MIB });
    const a = await join(relay);
    const b = await join(relay);
    const page = await joinAsPage(web);
    page.socket.pause();
    const text = 'x'.repeat(99);
    const lines = 400_000;
    for (let i = 0; i < lines / 1000; i++) {
      a.send(`${text}\n`.repeat(1000));
      if (a.near.writableNeedDrain) await within(once(a.near, 'drain'), 'the sender to resume');
    }
    const bytes = relayed(0, text).length * lines;
    await b.inbox.untilLength(bytes + arrivedNotice(2).length);
    const { diskBytes, memoryBytes } = relay.stats();
    expect(diskBytes).to.be.above(20 * MIB);
    expect(memoryBytes).to.be.below(8 * MIB);
    const stalled = () => relay.clientStats().find(({ id }) => id === page.id);
    expect(stalled()?.lagBytes).to.be.above(20 * MIB);
    page.socket.resume();
    await page.inbox.untilLength(bytes);
    const received = page.inbox.bytes;
    const block = Buffer.from(relayed(0, text).repeat(1000));
    for (let at = 0; at < received.length; at += block.length) {
      expect(received.subarray(at, at + block.length).equals(block), `the lines at ${at}`).to.equal(true);
    }
    await eventually('an empty log', () => stalled()?.lagBytes === 0);
  });

  it('receives what it is owed when the relay closes, and then the code 1001', async () => {
    const { relay, server, ...web } = await openTestWeb();
    const a = await join(relay);
    const page = await joinAsPage(web);
    a.send(`${'x'.repeat(999)}\n`.repeat(5000));
    page.socket.send('one more\n');
    await a.until(relayed(1, 'one more'));
    await within(server.close(), 'the end of the web port');
    expect(await within(page.closed, 'the close')).to.equal(1001);
    expect(page.inbox.length).to.equal(relayed(0, 'x'.repeat(999)).length * 5000);
  });

  it('is refused while the relay closes', async () => {
    const { relay, server, ...web } = await openTestWeb({ graceMs: 200 });
    const a = await join(relay);
    a.pause();
    a.send('hello\n');
    const connection = openRaw(web, upgradeText(web, '/join').slice(0, -2));
    await within(once(connection.socket, 'connect'), 'the connection');
    const b = await join(relay);
    b.send('x\n');
    const closed = server.close();
    connection.socket.write('\r\n');
    await within(connection.closed, 'the close');
    a.resume();
    await within(closed, 'the end of the web port');
    expect(connection.inbox.text).not.to.include('"id"');
  });
});
