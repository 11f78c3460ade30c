import { once } from 'node:events';
import { expect } from 'chai';
import { Inbox } from '../../support/inbox.js';
import { join } from '../../support/room.js';
import { eventually, within } from '../../support/waiting.js';
import { openFeed, openTestWeb, PageSocket } from '../../support/web.js';
import { leftNotice, relayed } from '../../support/wire.js';

const LINE = `${'x'.repeat(99)}\n`;
/** The times of the samples in these frames, in the order of arrival. */
const timesOf = (frames: readonly Record<string, unknown>[]): number[] =>
  frames
    .flatMap(({ type, sample, samples }) =>
      type === 'status' ? [sample] : type === 'samples' ? samples : [],
    )
    .map((sample) => (sample as { time: number }).time);
const lineCount = (bytes: Buffer): number => bytes.toString('latin1').split('\n').length - 1;

describe('web port: the feed', () => {
  it('delivers the transcript from its start on, byte for byte', async () => {
    const { relay, ...web } = await openTestWeb();
    const a = await join(relay);
    a.send('before\n');
    const b = await join(relay);
    await b.until('');
    const feed = await openFeed(web);
    a.send(Buffer.from('\xff\xfe\0\r\x1b[2J\n', 'latin1'));
    b.send('hello\n');
    b.end();
    await feed.inbox.until(leftNotice(1));
    const lines = feed.inbox.bytes.toString('latin1');
    expect(lines).to.equal(`${relayed(0, '\xff\xfe\0\r\x1b[2J')}${relayed(1, 'hello')}${leftNotice(1)}`);
  });

  it('begins with the state of the relay and its history, and reports the state every second', async () => {
    const { relay, ...web } = await openTestWeb();
    const a = await join(relay);
    const feed = await openFeed(web);
    const hello = await feed.frame('hello');
    expect(hello).to.include({ port: 4242, room: null, maxLineBytes: 1024 * 1024, after: 0 });
    expect(hello.startedAt).to.be.within(Date.now() - 60_000, Date.now());
    const seconds = (Date.now() - (hello.startedAt as number)) / 1000;
    expect(hello.history).to.have.length.within(1, seconds + 2);
    a.send('hello\nagain\n');
    const isNew = ({ sample }: Record<string, unknown>) => (sample as { lines: number }).lines === 2;
    const status = await feed.frame('status', isNew);
    expect(status.sample).to.include({ lines: 2, bytes: 12, linesOut: 0, clients: 1, maxLagBytes: 0 });
    expect(status).to.deep.include({ room: null, engine: 'local', clientsLeftOut: 0 });
    expect(status.clients).to.have.length(1);
    const [client] = status.clients as object[];
    expect(client).to.include({ id: 0, lines: 2, bytes: 12, lagBytes: 0, state: 'active' });
  });

  it('lists a thousand clients at most, those that lag most', async () => {
    const { relay, ...web } = await openTestWeb();
    for (let i = 0; i < 1001; i++) await join(relay);
    const last = await join(relay);
    last.pause();
    for (let i = 0; i < 20; i++) last.send('x'.repeat(10_000));
    const feed = await openFeed(web);
    const status = await feed.frame('status');
    expect(status.clients).to.have.length(1000);
    expect(status.clientsLeftOut).to.equal(2);
  });

  it('reports how many messages there were if a page stops reading, and continues with whole lines', async () => {
    const { relay, ...web } = await openTestWeb();
    const transcript = new Inbox();
    relay.createReadStream().on('data', (chunk: Buffer) => transcript.push(chunk));
    const a = await join(relay);
    const feed = await openFeed(web);
    const start = transcript.length;
    const { messages } = relay.stats();
    feed.socket.pause();
    // More than the buffers of two sockets and of the feed can hold.
    for (let i = 0; i < 400; i++) {
      if (!a.near.write(LINE.repeat(1000))) await within(once(a.near, 'drain'), 'the sender to resume');
    }
    await eventually('the log to be freed', () => relay.stats().memoryBytes < 8 * 1024 * 1024);
    expect(relay.stats().diskBytes).to.equal(0);
    expect(relay.stats().outputLagBytes).to.deep.equal([0]);
    feed.socket.resume();
    await feed.frame('skip');
    a.send('the end\n');
    await feed.inbox.until(relayed(0, 'the end'));
    const { after, messages: atSkip } = feed.frames.findLast(({ type }) => type === 'skip') as {
      after: number;
      messages: number;
    };
    const first = feed.frames.find(({ type }) => type === 'skip') as { after: number; messages: number };
    const before = feed.inbox.bytes.subarray(0, first.after);
    const rest = feed.inbox.bytes.subarray(after);
    expect(before.equals(transcript.bytes.subarray(start, start + before.length))).to.equal(true);
    expect(rest.equals(transcript.bytes.subarray(-rest.length))).to.equal(true);
    expect(lineCount(rest)).to.equal(relay.stats().messages - messages - atSkip);
    expect(relay.stats().messages - messages - lineCount(feed.inbox.bytes)).to.be.above(100_000);
  });

  it('has the samples of all statuses for a page that stops reading and continues', async () => {
    const { relay, ...web } = await openTestWeb();
    const a = await join(relay);
    const feed = await openFeed(web);
    const watcher = await openFeed(web);
    feed.socket.pause();
    // Slowly enough for no samples, until the buffers of the stopped page are full.
    for (let i = 1; i <= 20; i++) {
      a.send(LINE.repeat(10_000));
      await watcher.inbox.untilCount('\n', i * 10_000);
    }
    const statuses = () => watcher.frames.filter(({ type }) => type === 'status');
    const atStop = statuses().length;
    await eventually('statuses that the page misses', () => statuses().length > atStop + 3);
    feed.socket.resume();
    const { samples } = await feed.frame('samples');
    expect(samples).to.have.length.of.at.least(2);
    const [first, ...others] = timesOf(statuses());
    // A sample can be taken after the feed has begun, and before the watcher has.
    const times = () => timesOf(feed.frames).filter((time) => time >= (first as number));
    await eventually('the last sample', () => times().length > others.length);
    expect(times().slice(0, others.length + 1)).to.deep.equal([first, ...others]);
  });

  it('loses no line of a burst of some MiB', async () => {
    const { relay, ...web } = await openTestWeb();
    const a = await join(relay);
    const feed = await openFeed(web);
    a.send(LINE.repeat(25_000));
    await feed.inbox.untilCount('\n', 25_000);
    expect(feed.inbox.bytes.equals(Buffer.from(relayed(0, LINE.trim()).repeat(25_000)))).to.equal(true);
    expect(feed.frames.some(({ type }) => type === 'skip')).to.equal(false);
  });

  it('limits its pace, samples a burst, says exactly how many lines are missing, and ends with its last line', async () => {
    const { relay, ...web } = await openTestWeb();
    const a = await join(relay);
    const feed = await openFeed(web);
    const startedAt = performance.now();
    const count = 400_000;
    for (let i = 0; i < count; i += 1000) {
      const lines = Array.from({ length: 1000 }, (_, k) => `${i + k} ${LINE}`).join('');
      if (!a.near.write(lines)) await within(once(a.near, 'drain'), 'the sender to resume');
    }
    await feed.inbox.until(`client 0: ${count - 1} ${LINE}`);
    // At most 256 KiB in 32 ms, and the blocks that were begun.
    const intervals = (performance.now() - startedAt) / 32;
    expect(feed.inbox.length).to.be.below((intervals * 1.1 + 3) * 256 * 1024);
    const skips = feed.frames.filter(({ type }) => type === 'skip') as { after: number; messages: number }[];
    expect(skips).to.not.be.empty;
    let from = 0;
    let next = 0;
    for (const { after, messages } of [...skips, { after: feed.inbox.length, messages: count }]) {
      const text = feed.inbox.bytes.subarray(from, after).toString('latin1');
      const numbers = [...text.matchAll(/^client 0: (\d+) x+\n/gm)].map(([, number]) => Number(number));
      expect(numbers).to.deep.equal(numbers.map((_, i) => next + i));
      [from, next] = [after, messages];
    }
  });

  it('never makes a sender wait', async () => {
    const { relay, ...web } = await openTestWeb();
    const a = await join(relay);
    const feed = await openFeed(web);
    feed.socket.pause();
    for (let i = 0; i < 200; i++) {
      a.send(LINE.repeat(1000));
      await eventually('the lines', () => relay.stats().linesIn === (i + 1) * 1000);
      expect(relay.stats().waitingSenders).to.equal(0);
    }
    expect(relay.stats().waitedMs).to.equal(0);
  });

  it('delivers the rest of the transcript when the relay closes, and closes with 1001', async () => {
    const { relay, server, ...web } = await openTestWeb();
    const a = await join(relay);
    const feed = await openFeed(web);
    a.send(LINE.repeat(20_000));
    await feed.inbox.until('x');
    await within(server.close(), 'the end of the web port');
    expect(await within(feed.closed, 'the close')).to.equal(1001);
    expect(lineCount(feed.inbox.bytes)).to.equal(20_000);
  });

  it('ends with a page that sends a message, and frees the log', async () => {
    const { relay, ...web } = await openTestWeb();
    const feed = await openFeed(web);
    feed.socket.send('hello');
    expect(await within(feed.closed, 'the close')).to.equal(1008);
    const other = new PageSocket(web, '/feed');
    await other.frame('hello');
    other.socket.terminate();
    const a = await join(relay);
    a.send(LINE.repeat(20_000));
    await eventually('a free log', () => relay.stats().memoryBytes <= 1024 * 1024);
  });
});
