import { expect } from 'chai';
import { type Client, connect } from '../../support/client.js';
import type { Server } from '../../support/command.js';
import { describeWithNats, startNats, wireTo } from '../../support/nats.js';
import { outsider } from '../../support/outsider.js';
import { HAS_PROC, spilled } from '../../support/proc.js';
import { chatter, enter, from, heardAll, linesOf, type Said, startRelay } from '../../support/relays.js';
import { eventually, within } from '../../support/waiting.js';
import { bulk, packet, said } from '../../support/wire.js';

type Clients = (Client & { id: number })[];

/** What each client heard is the transcript from its arrival on, less its own. */
function checkClients(transcript: string, clients: Clients): void {
  for (const client of clients) {
    const own = new RegExp(
      `^(client ${client.id}: .*|server: client ${client.id} just (arrived|left))\n`,
      'gm',
    );
    const after = from(transcript, `server: client ${client.id} just arrived\n`);
    const expected = after.replace(own, '');
    expect(
      client.received.toString() === expected.slice(0, client.received.length),
      `client ${client.id}`,
    ).to.equal(true);
  }
}

/** One order everywhere, each line once, each sender's in its order, nobody hears themselves. */
async function checkAll(relays: Server[], clients: Clients, said: Said): Promise<void> {
  for (const relay of relays) await heardAll(relay, said);
  await eventually(
    'the same end',
    () => new Set(relays.map(({ stdout }) => stdout.text.slice(-200))).size === 1,
  );
  const [first, ...others] = relays.map((relay) => relay.stdout.text) as [string, ...string[]];
  for (const other of others) {
    const start = other.slice(0, other.indexOf('\n') + 1);
    expect(other === from(first, start)).to.equal(true);
  }
  for (const [id, lines] of said) expect(linesOf(first, id)).to.deep.equal(lines);
  const last = first.slice(-2000).split('\n').slice(1);
  for (const client of clients) {
    const end = last.findLast((line) => line !== '' && !new RegExp(`client ${client.id}[: ]`).test(line));
    if (end !== undefined) await client.until(`${end}\n`);
  }
  checkClients(first, clients);
}

async function enterAll(relays: Server[], each: number): Promise<Clients> {
  const clients: Clients = [];
  // One after the other, so that it is known who has which id.
  for (let i = 0; i < each; i++) for (const relay of relays) clients.push(await enter(relay));
  return clients;
}

describeWithNats('relays that share a room over NATS', () => {
  it('are one room: three of them, thirty clients, one order', async () => {
    const url = (await startNats()).room();
    // With a transform a client is given its id first, and is announced when the transform has let that pass.
    const filtered = await startRelay(url, ['-t', 'filter=drop:/never said/']);
    const relays = [await startRelay(url), await startRelay(url), filtered];
    const clients = await enterAll(relays, 10);
    expect(clients.map(({ id }) => id).sort((a, b) => a - b)).to.deep.equal(
      Array.from({ length: 30 }, (_, i) => i),
    );
    const said = await chatter(clients, 200, 1);
    await checkAll(relays, clients, said);
    clients[4]?.end();
    for (const { stdout } of relays) await stdout.until('server: client 4 just left\n');
  });

  it('lose and double nothing when the engine is killed and comes back; it is said once, and senders wait', async () => {
    const nats = await startNats();
    const url = nats.room();
    const relays = [await startRelay(url), await startRelay(url)];
    const clients = await enterAll(relays, 3);
    const saying = chatter(clients, 2000, 2);
    await relays[0]?.stdout.until(': 0/3');
    await nats.kill();
    for (const { stderr } of relays) await stderr.until('is out of reach');
    const late = await connect(relays[0] as Server);
    await late.send('late\n');
    const said = await saying;
    await nats.restart();
    for (const { stderr } of relays) await stderr.until('reconnected to the engine');
    await checkAll(relays, clients, said);
    // Who came meanwhile has arrived by now.
    for (const { stdout } of relays) await stdout.until('client 6: late\n');
    for (const { stderr } of relays) expect(stderr.text.match(/is out of reach/g)).to.have.length(1);
  });

  it('have the clients of one that was killed leave, once each, everywhere', async () => {
    const url = (await startNats()).room();
    const [first, second, third] = [await startRelay(url), await startRelay(url), await startRelay(url)];
    const clients = await enterAll([first, second, third], 2);
    third.kill('SIGKILL');
    for (const { stdout } of [first, second]) await stdout.until('server: client 5 just left\n');
    const said = await chatter(
      clients.filter((_, i) => i % 3 !== 2),
      20,
      3,
    );
    await checkAll(
      [first, second],
      clients.filter((_, i) => i % 3 !== 2),
      said,
    );
    const leaves = first.stdout.text.match(/client \d+ just left/g);
    expect(leaves).to.deep.equal(['client 2 just left', 'client 5 just left']);
    // A fresh one finds the room as it is.
    const fresh = await startRelay(url);
    const { id } = await enter(fresh);
    expect(id).to.equal(6);
  });

  it('take one for dead that was stopped; it ends its clients and itself when it comes back, and says why', async () => {
    const url = (await startNats()).room();
    const [first, second] = [await startRelay(url), await startRelay(url)];
    const [a, b] = (await enterAll([first, second], 1)) as [Clients[0], Clients[0]];
    second.kill('SIGSTOP');
    await first.stdout.until('server: client 1 just left\n');
    b.socket.write('from the grave\n');
    await a.send('meanwhile\n');
    second.kill('SIGCONT');
    const { code } = await within(second.exited, 'its end');
    expect(code).to.equal(1);
    expect(second.stderr.text).to.match(/taken for dead/);
    await within(b.closed, 'the end of its client');
    expect(first.stdout.text).not.to.include('grave');
    await first.stdout.until('client 0: meanwhile\n');
  });

  it('go on as if nothing had been after a short pause of one, and nobody is accused by one that was stopped', async () => {
    const url = (await startNats()).room();
    const [first, second] = [await startRelay(url), await startRelay(url)];
    const clients = await enterAll([first, second], 1);
    // Longer than the verdict takes, but of both: neither can know anything of the other.
    first.kill('SIGSTOP');
    second.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 3200));
    first.kill('SIGCONT');
    second.kill('SIGCONT');
    const said = await chatter(clients, 50, 5);
    await checkAll([first, second], clients, said);
    expect(first.stdout.text).not.to.include('left');
  });

  it('wait behind a partition, neither forking nor accusing; short ones are forgotten, long ones are the end', async () => {
    const nats = await startNats();
    const wire = await wireTo(nats.port);
    const url = nats.room('split');
    const [first, second] = [await startRelay(url), await startRelay(`nats://127.0.0.1:${wire.port}/split`)];
    const clients = (await enterAll([first, second], 1)) as [Clients[0], Clients[0]];
    wire.hold();
    await second.stderr.until('is out of reach');
    const said = await chatter(clients, 50, 6);
    await first.stdout.until('client 0: 0/49');
    expect(first.stdout.text).not.to.include('client 1: 1/0');
    wire.release();
    await second.stderr.until('reconnected to the engine');
    await checkAll([first, second], clients, said);
    wire.hold();
    await first.stdout.until('server: client 1 just left\n');
    await clients[0].send('without you\n');
    await clients[1].send('never said\n');
    await first.stdout.until('client 0: without you\n');
    expect(second.stdout.text).not.to.include('without you');
    wire.release();
    expect((await within(second.exited, 'its end')).code).to.equal(1);
    expect(first.stdout.text).not.to.include('never said');
    expect(first.stdout.text).not.to.include('client 0 just left');
  });

  it('end after --room-timeout without the engine, if they are asked to', async () => {
    const nats = await startNats();
    const relay = await startRelay(nats.room(), ['--room-timeout', '500ms']);
    const client = await enter(relay);
    await nats.kill();
    expect((await within(relay.exited, 'its end')).code).to.equal(1);
    expect(relay.stderr.text).to.match(/was out of reach for 0\.5 s/);
    await within(client.closed, 'the end of its client');
  });

  it('bear with a client that has stopped on one of them: it costs that relay’s disk, and it gets all in the end', async () => {
    const url = (await startNats()).room();
    const [first, second] = [await startRelay(url), await startRelay(url, ['--memory', '1M'])];
    const speaker = await enter(first);
    const hearer = await enter(second);
    const stopped = outsider(second);
    await first.stdout.until('server: client 2 just arrived\n');
    stopped.halt();
    const lines = bulk(30);
    speaker.socket.write(packet(lines));
    await hearer.until(`client 0: ${lines.at(-1)}\n`);
    if (HAS_PROC) expect(spilled(second)).to.be.above(10e6);
    if (HAS_PROC) expect(spilled(first)).to.equal(0);
    stopped.wake();
    await stopped.hears(said(0, ...lines));
  });
});
