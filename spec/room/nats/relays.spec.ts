import { expect } from 'chai';
import { connect } from '../../support/client.js';
import { useNats } from '../../support/nats.js';
import { enterAll, expectOneOrder, sendLines, startRelay } from '../../support/relays.js';
import { describeWith } from '../../support/tools.js';

describeWith('nats-server', 'two relays of one room', () => {
  const nats = useNats();

  it('have one order of messages', async () => {
    const url = nats().room();
    const relays = [await startRelay(url), await startRelay(url)];
    const clients = await enterAll(relays, 2);
    expect(clients.map(({ id }) => id).sort()).to.deep.equal([0, 1, 2, 3]);
    const sent = await sendLines(clients, 200, 1);
    await expectOneOrder(relays, clients, sent);
    clients[1]?.end();
    for (const { stdout } of relays) await stdout.until('server: client 1 just left\n');
  });

  it('lose and repeat no line when the server is killed and restarted, and report the outage once', async () => {
    const url = nats().room();
    const [first, second] = [await startRelay(url), await startRelay(url)];
    const relays = [first, second];
    const clients = await enterAll(relays, 2);
    const sending = sendLines(clients, 1000, 2);
    await first.stdout.until(': 0/3');
    await nats().kill();
    for (const { stderr } of relays) {
      await stderr.until(`${url} is unreachable (the connection is lost); the room is paused`);
    }
    const late = await connect(first);
    await late.send('late\n');
    const sent = await sending;
    await nats().start();
    for (const { stderr } of relays) await stderr.until('mini-serv: reconnected to the engine; resuming\n');
    await expectOneOrder(relays, clients, sent);
    for (const { stdout } of relays) await stdout.until('client 4: late\n');
    // A slow machine can cause more outages, and each of them is reported once.
    for (const { stderr } of relays) {
      const reports = stderr.text.match(/is unreachable|reconnected/g);
      expect(reports?.join()).to.match(/^is unreachable,reconnected(,is unreachable,reconnected)*$/);
    }
  });
});
