import { expect } from 'chai';
import { openRoom } from '../../../lib/index.js';
import { LogRecorder } from '../../support/log-spec.js';
import { useNats } from '../../support/nats.js';
import { startProxy } from '../../support/proxy.js';
import { describeWith } from '../../support/tools.js';
import { eventually, within } from '../../support/waiting.js';

describeWith('nats-server', 'NatsEngine', () => {
  const nats = useNats();

  it('loses and repeats no line while connections break and the server is killed', async () => {
    const proxies = [await startProxy(nats().port), await startProxy(nats().port)] as const;
    const open = async (port: number) =>
      new LogRecorder(await within(openRoom(`nats://127.0.0.1:${port}/broken`), 'the room'));
    const first = await open(proxies[0].port);
    const second = await open(proxies[1].port);
    const relays = [first, second];
    const clients = [await first.connect(0), await second.connect(0)];

    let isSending = true;
    const counts = [0, 0];
    const sending = (async () => {
      while (isSending) {
        for (const [i, { log }] of relays.entries()) {
          if (log.isFull) continue;
          const count = counts[i] as number;
          counts[i] = count + 1;
          const bytes = `${count} ${'x'.repeat(count % 2000)}`;
          log.append({ kind: 'lines', client: clients[i] as number, bytes });
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let round = 0; round < 8; round++) {
      const { length } = first.roomEntries;
      await eventually('more lines', () => first.roomEntries.length > length + 50);
      if (round % 4 === 3) await nats().start();
      else proxies[round % 2]?.cut();
    }
    isSending = false;
    await sending;

    const total = (counts[0] as number) + (counts[1] as number) + 2;
    await eventually('all lines', () => relays.every(({ roomEntries }) => roomEntries.length >= total));
    for (const { roomEntries, entries } of relays) {
      for (const [i, client] of clients.entries()) {
        const lines = roomEntries.filter((entry) => entry.startsWith(`lines ${client} `));
        const numbers = lines.map((entry) => Number(entry.split(' ')[2]));
        expect(numbers).to.deep.equal(Array.from({ length: counts[i] as number }, (_, number) => number));
      }
      expect(roomEntries.filter((entry) => entry.startsWith('left'))).to.deep.equal([]);
      expect(entries.filter((entry) => entry.startsWith('lost'))).to.deep.equal([]);
    }
    expect(second.roomEntries.slice(-1000)).to.deep.equal(first.roomEntries.slice(-1000));
  });
});
