import { expect } from 'chai';
import { trio } from '../support/client.js';
import { startServer } from '../support/command.js';
import { within } from '../support/waiting.js';
import { said, saidBytes } from '../support/wire.js';

const MIB = 1 << 20;

describe('the longest line', () => {
  // A relay that looks at the whole of an unfinished line again for each packet takes minutes for this one.
  it('passes a line of 64 MiB, while small lines of others keep flowing', async () => {
    const server = await startServer();
    const [long, small, reader] = await trio(server);
    const line = Buffer.alloc(64 * MIB, 'abcdefghijklmnopqrstuvwxyz012345');
    const ticks: string[] = [];
    const tick = async () => {
      ticks.push(`tick ${ticks.length}`);
      await small.send(`${ticks.at(-1)}\n`);
      await reader.until(`client 1: ${ticks.at(-1)}\n`);
    };
    let underWay = true;
    const sent = within(long.send(line), 'the sending of 64 MiB').finally(() => {
      underWay = false;
    });
    do await tick();
    while (underWay);
    await sent;
    const before = ticks.length;
    await long.send('\nend\n');
    while (reader.received.indexOf('client 0: end\n', -10_000) < 0) await tick();
    await tick();

    // Where in the order of things the long line came is the relay's to say; it came whole, and once.
    const at = reader.received.indexOf('client 0: ');
    const count = reader.received.subarray(0, at).toString().split('\n').length - 1;
    const end = reader.received.indexOf('client 0: end\n', at + line.length);
    const between = reader.received.subarray(at + 'client 0: '.length + line.length + 1, end).toString();
    const then = count + between.split('\n').length - 1;
    expect(count).to.be.at.least(before);
    await reader.hears(
      said(1, ...ticks.slice(0, count)),
      saidBytes(0, line),
      said(1, ...ticks.slice(count, then)),
      said(0, 'end'),
      said(1, ...ticks.slice(then)),
    );
    // Said and heard one after another while the long one was on its way: whoever stops for it says far fewer.
    expect(before, 'small lines during the long one').to.be.at.least(5);
  });
});
