import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { startClientProcess } from '../../support/client-process.js';
import { useNats } from '../../support/nats.js';
import { HAS_PROC, spilled } from '../../support/proc.js';
import { startProxy } from '../../support/proxy.js';
import { enter, enterAll, expectOneOrder, sendLines, startRelay } from '../../support/relays.js';
import { describeWith } from '../../support/tools.js';
import { eventually, within } from '../../support/waiting.js';
import { joinLines, numberedLines, relayed } from '../../support/wire.js';

/** Longer than the five heartbeats of 400 ms after which a relay is declared dead. */
const STOP_MS = 3200;

describeWith('nats-server', 'relays of one room', () => {
  const nats = useNats();

  it('have one order of messages from thirty clients, with and without transforms', async () => {
    const url = nats().room();
    // With a transform, a client gets its id before it is announced.
    const filtered = await startRelay(url, ['-t', 'filter=drop:/never sent/']);
    const relays = [await startRelay(url), await startRelay(url), filtered];
    const clients = await enterAll(relays, 10);
    const ids = clients.map(({ id }) => id).sort((a, b) => a - b);
    expect(ids).to.deep.equal(Array.from({ length: 30 }, (_, i) => i));
    const sent = await sendLines(clients, 200, 1);
    await expectOneOrder(relays, clients, sent);
    clients[4]?.end();
    for (const { stdout } of relays) await stdout.until('server: client 4 just left\n');
  });

  it('announce once that the clients of a killed relay left', async () => {
    const url = nats().room();
    const [first, second, third] = [await startRelay(url), await startRelay(url), await startRelay(url)];
    const clients = await enterAll([first, second, third], 2);
    third.kill('SIGKILL');
    for (const { stdout } of [first, second]) await stdout.until('server: client 5 just left\n');
    const others = clients.filter(({ id }) => id % 3 !== 2);
    const sent = await sendLines(others, 20, 3);
    await expectOneOrder([first, second], others, sent);
    const leaves = first.stdout.text.match(/client \d+ just left/g);
    expect(leaves).to.deep.equal(['client 2 just left', 'client 5 just left']);
    const fresh = await startRelay(url);
    expect((await enter(fresh)).id).to.equal(6);
  });

  it('declare a stopped relay dead, and that relay exits with an error when it continues', async () => {
    const url = nats().room();
    const [first, second] = [await startRelay(url), await startRelay(url)];
    const [a, b] = [await enter(first), await enter(second)];
    second.kill('SIGSTOP');
    await first.stdout.until('server: client 1 just left\n');
    b.socket.write('too late\n');
    await a.send('meanwhile\n');
    second.kill('SIGCONT');
    const { code } = await within(second.exited, 'the end of the relay');
    expect(code).to.equal(1);
    expect(second.stderr.text).to.include('another relay declared this relay dead');
    await within(b.closed, 'the end of its client');
    await first.stdout.until('client 0: meanwhile\n');
    expect(first.stdout.text).not.to.include('too late');
  });

  it('declare no relay dead after all of them were stopped', async () => {
    const url = nats().room();
    const relays = [await startRelay(url), await startRelay(url)];
    const clients = await enterAll(relays, 1);
    for (const relay of relays) relay.kill('SIGSTOP');
    await delay(STOP_MS);
    for (const relay of relays) relay.kill('SIGCONT');
    const sent = await sendLines(clients, 50, 5);
    await expectOneOrder(relays, clients, sent);
    for (const { stdout } of relays) expect(stdout.text).not.to.include('left');
  });

  it('wait while they are disconnected, and exit with an error after a long time', async () => {
    const proxy = await startProxy(nats().port);
    // The first relay waits longer than the outage takes before it declares the second one dead.
    const [first, second] = [
      await startRelay(nats().room('split'), ['--room-heartbeat', '1s']),
      await startRelay(`nats://127.0.0.1:${proxy.port}/split`),
    ];
    const [a, b] = [await enter(first), await enter(second)];
    proxy.hold();
    await second.stderr.until('is unreachable');
    const sent = await sendLines([a, b], 50, 6);
    await first.stdout.until('client 0: 0/49');
    expect(first.stdout.text).not.to.include('client 1: 1/0');
    proxy.release();
    await second.stderr.until('reconnected to the engine; resuming');
    await expectOneOrder([first, second], [a, b], sent);
    proxy.hold();
    await first.stdout.until('server: client 1 just left\n');
    await a.send('without you\n');
    await b.send('never sent\n');
    await first.stdout.until('client 0: without you\n');
    expect(second.stdout.text).not.to.include('without you');
    proxy.release();
    expect((await within(second.exited, 'the end of the relay')).code).to.equal(1);
    expect(first.stdout.text).not.to.include('never sent');
    expect(first.stdout.text).not.to.include('client 0 just left');
  });

  it('exit with an error after --room-timeout', async () => {
    const relay = await startRelay(nats().room(), ['--room-timeout', '500ms']);
    const client = await enter(relay);
    await nats().kill();
    expect((await within(relay.exited, 'the end of the relay')).code).to.equal(1);
    expect(relay.stderr.text).to.include("was unreachable for 0.5 s, the room's timeout");
    await within(client.closed, 'the end of its client');
  });

  it('keep the backlog of a stopped client on the disk of its own relay', async () => {
    const url = nats().room();
    const [first, second] = [await startRelay(url), await startRelay(url, ['--memory', '1M'])];
    const sender = await enter(first);
    const reader = await enter(second);
    const stopped = startClientProcess(second);
    await first.stdout.until('server: client 2 just arrived\n');
    stopped.suspend();
    const lines = numberedLines(8);
    sender.socket.write(joinLines(lines));
    await reader.until(`client 0: ${lines.at(-1)}\n`);
    if (HAS_PROC) await eventually('the backlog on disk', () => spilled(second) > 1e6);
    if (HAS_PROC) expect(spilled(first)).to.equal(0);
    stopped.resume();
    await stopped.receives(relayed(0, ...lines));
  });
});
