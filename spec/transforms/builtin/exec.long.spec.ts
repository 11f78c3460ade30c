import { expect } from 'chai';
import { exec } from '../../../lib/index.js';
import { connectAs } from '../../support/client.js';
import { startServer } from '../../support/command.js';
import { isAlive, resident } from '../../support/proc.js';
import { createTestRelay, join } from '../../support/room.js';
import { itWith } from '../../support/tools.js';
import { leftNotice, relayed } from '../../support/wire.js';

const MIB = 1024 * 1024;

describe('transform exec with much data', () => {
  itWith('proc', 'passes 1 GiB through a program in bounded memory', async () => {
    const server = await startServer({ args: ['-t', 'exec=cat'] });
    const witness = await connectAs(server);
    const client = await connectAs(server, 1, witness);
    let received = 0;
    // Not kept: the witness would need as much memory as was sent.
    witness.socket.removeAllListeners('data').on('data', ({ length }: Buffer) => {
      received += length;
    });
    const line = `${'x'.repeat(1023)}\n`;
    const block = line.repeat(1024);
    for (let sent = 0; sent < 1024; sent++) await client.send(block);
    client.end();
    const expected = 1024 * 1024 * (line.length + 'client 1: '.length) + leftNotice(1).length;
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (received >= expected) resolve();
      };
      witness.socket.on('data', check);
      check();
    });
    expect(received).to.equal(expected);
    expect(resident(server)).to.be.lessThan(300 * MIB);
  });

  it('ends a program that ignores both the end of its input and SIGTERM after its client has left', async () => {
    const command = "trap '' TERM; echo $$; while :; do sleep 1; done";
    const relay = createTestRelay({ transforms: [exec({ command })] });
    const [witness, client] = [await join(relay), await join(relay)];
    client.send('x\n');
    await witness.until('client 1: ');
    client.end();
    await witness.until(leftNotice(1));
    const pid = Number(/client 1: (\d+)/.exec(witness.received)?.[1]);
    expect(isAlive(pid)).to.equal(false);
  });

  it('waits for a program that takes long for each line after its client has left', async () => {
    const relay = createTestRelay({
      transforms: [exec({ command: 'while read -r line; do sleep 3; echo "$line"; done' })],
    });
    const [witness, client] = [await join(relay), await join(relay)];
    client.send('a\nb\nc\n');
    client.end();
    await witness.until(relayed(1, 'a', 'b', 'c') + leftNotice(1));
  });
});
