import { once } from 'node:events';
import { expect } from 'chai';
import { type Client, connectAs } from '../../support/client.js';
import { type Server, startServer } from '../../support/command.js';
import { flood, MIB, receivedFlood, WITHOUT_COVERAGE } from '../../support/flood.js';
import { useNats } from '../../support/nats.js';
import { openDescriptors, resident, spilled, ticks } from '../../support/proc.js';
import { startRelay } from '../../support/relays.js';
import { describeWith } from '../../support/tools.js';
import { eventually, within } from '../../support/waiting.js';
import {
  BINARY,
  exchange,
  frame,
  joinAsPage,
  openFeed,
  openRaw,
  PING,
  type RawConnection,
  requestText,
  upgradeText,
  type WebPort,
  webPortOfCommand,
} from '../../support/web.js';
import { arrivedNotice, relayed } from '../../support/wire.js';

const ROUND_TRIPS = 200;

/** Lets two clients answer each other. */
async function chat(a: Client, b: Client, round: number): Promise<void> {
  for (let i = 0; i < ROUND_TRIPS; i++) {
    a.socket.write(`ping ${round}/${i}\n`);
    await b.until(`ping ${round}/${i}\n`);
    b.socket.write(`pong ${round}/${i}\n`);
    await a.until(`pong ${round}/${i}\n`);
  }
}

/** Returns the CPU time that a server uses during this work, in ticks. */
async function ticksDuring(server: Server, work: () => Promise<void>): Promise<number> {
  const start = ticks(server);
  await work();
  return ticks(server) - start;
}

async function startRoom(args: string[] = []) {
  const server = await startServer({ args: ['--web', '0', ...args], env: WITHOUT_COVERAGE });
  const web = await webPortOfCommand(server);
  const a = await connectAs(server);
  const b = await connectAs(server, 1, a);
  return { server, web, a, b };
}

/** Expects that the web port answers again, as soon as the server has closed what hostile peers have opened. */
async function expectPage(web: WebPort): Promise<void> {
  await eventually('a page', async () =>
    (await exchange(web, requestText(web, 'GET /'))).includes(' 200 OK'),
  );
}

const megabytes = (server: Server): number => resident(server, 'VmRSS') / MIB;

describeWith('proc', 'web port: hostile peers', () => {
  it('closes 1,000 requests that do not end, while the room talks as before', async () => {
    const { server, web, a, b } = await startRoom();
    await chat(a, b, 0);
    const alone = await ticksDuring(server, () => chat(a, b, 1));
    const descriptors = openDescriptors(server.process.pid);
    const peers: RawConnection[] = [];
    for (let i = 0; i < 1000; i++) peers.push(openRaw(web, 'GET / HTTP/1.1\r\nX-Slow: '));
    const drip = setInterval(() => {
      for (const { socket } of peers) if (socket.writable) socket.write('x');
    }, 500);
    try {
      const openRequests = () => openDescriptors(server.process.pid) - descriptors;
      await eventually('the first requests', () => openRequests() > 0);
      const meanwhile = await ticksDuring(server, () => chat(a, b, 2));
      expect(openRequests()).to.be.at.most(256);
      // Much more than noise explains would be a peer that holds up the room.
      expect(meanwhile).to.be.below(alone * 20 + 200);
      await within(Promise.all(peers.map(({ closed }) => closed)), 'the end of all slow requests');
    } finally {
      clearInterval(drip);
    }
    await expectPage(web);
    await eventually('closed connections', () => openDescriptors(server.process.pid) <= descriptors + 2);
  });

  it('closes peers that read no response, send no request, or send a body without end', async () => {
    const { web, a, b } = await startRoom();
    const silent = openRaw(web);
    const deaf = openRaw(web);
    deaf.socket.pause();
    deaf.socket.write(requestText(web, 'GET /page.js').repeat(100));
    const endless = openRaw(web, requestText(web, 'GET /', { 'Content-Length': '1000000000' }));
    const more = setInterval(() => endless.socket.writable && endless.socket.write('x'.repeat(1000)), 100);
    try {
      await chat(a, b, 0);
      await within(Promise.all([silent.closed, endless.closed]), 'the end of slow peers');
      deaf.socket.resume();
      await within(deaf.closed, 'the end of a peer that read nothing');
    } finally {
      clearInterval(more);
    }
    await expectPage(web);
  });

  it('keeps its memory flat while pages flood it with pings, frames and fragments', async () => {
    const { server, web, a, b } = await startRoom(['--max-line', '1M']);
    await chat(a, b, 0);
    const before = megabytes(server);
    const pages = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const page = openRaw(web, upgradeText(web, '/join'));
        await page.inbox.until('"id"');
        page.socket.pause();
        return page;
      }),
    );
    const floods = [
      Buffer.concat(Array.from({ length: 500 }, () => frame(PING, 'x'.repeat(125)))),
      Buffer.concat(Array.from({ length: 5000 }, () => frame(BINARY, ''))),
      Buffer.concat(Array.from({ length: 5000 }, () => frame(0, '', { isLast: false }))),
    ];
    for (const [i, { socket }] of pages.entries()) {
      const bytes = floods[i % floods.length] as Buffer;
      if (i % floods.length === 2) socket.write(frame(BINARY, 'x', { isLast: false }));
      for (let n = 0; n < 100 && socket.writable; n++) socket.write(bytes);
    }
    await chat(a, b, 1);
    await chat(a, b, 2);
    expect(megabytes(server) - before).to.be.below(100);
    for (const { socket } of pages) socket.destroy();
    await chat(a, b, 3);
  });

  it('delivers everything to a tab that had stopped reading, from disk and with flat memory', async () => {
    const { server, web, a, b } = await startRoom(['--memory', '8M']);
    const page = await joinAsPage(web);
    await a.until(arrivedNotice(page.id));
    page.socket.pause();
    const bytes = 200 * MIB;
    await flood(a, bytes);
    const expected = receivedFlood(0, bytes);
    await b.inbox.untilLength(expected.length);
    expect(spilled(server)).to.be.above(100 * MIB);
    expect(resident(server) / MIB).to.be.below(250);
    page.socket.resume();
    await page.inbox.untilLength(expected.length);
    expect(page.inbox.bytes.equals(Buffer.from(expected))).to.equal(true);
    await eventually('an empty disk', () => spilled(server) < 8 * MIB);
  });

  it('relays a line of 64 MiB from one message, and refuses a longer one', async () => {
    const { web, a } = await startRoom();
    const page = await joinAsPage(web);
    const other = await joinAsPage(web);
    const line = Buffer.alloc(64 * MIB + 1, 'x');
    line[64 * MIB] = 10;
    page.socket.send(line);
    const prefix = `client ${page.id}: `;
    await other.inbox.untilLength(prefix.length + line.length);
    await a.until(`${arrivedNotice(page.id)}${arrivedNotice(other.id)}${prefix}`);
    page.socket.send(Buffer.alloc(64 * MIB + 2, 'x'));
    expect(await within(page.closed, 'the close')).to.equal(1009);
  });

  it('keeps an idle client of a page', async () => {
    const { web, a } = await startRoom();
    const page = await joinAsPage(web);
    // Longer than all limits of HTTP.
    await new Promise((resolve) => setTimeout(resolve, 13_000));
    a.socket.write('still there?\n');
    await page.inbox.until('still there?');
  });
});

describeWith('nats-server', 'web port: a room over NATS', () => {
  const nats = useNats();

  it('shows the clients of other relays, and whether the engine is reachable', async () => {
    const url = nats().room();
    const relay = await startRelay(url, ['--web', '0']);
    const other = await startRelay(url);
    const web = await webPortOfCommand(relay);
    const page = await joinAsPage(web);
    const far = await connectAs(other, page.id + 1);
    const feed = await openFeed(web);
    expect((await feed.frame('hello')).room).to.equal(url);
    const status = await feed.frame('status', ({ room }) => (room as { count: number }).count === 2);
    expect(status).to.deep.include({ engine: 'connected', room: { count: 2, others: [page.id + 1] } });
    far.socket.write('from afar\n');
    await page.inbox.until(relayed(page.id + 1, 'from afar'));
    await nats().kill();
    await feed.frame('status', ({ engine }) => engine === 'unreachable');
    await nats().start();
    const outage = feed.frames.length;
    await eventually('the engine', () =>
      feed.frames.slice(outage).some(({ engine }) => engine === 'connected'),
    );
    page.socket.send('again\n');
    await far.until('again');
    relay.kill();
    await once(page.socket, 'close');
  });
});
