import { expect } from 'chai';
import { connectAs } from '../support/client.js';
import { shell, startServer } from '../support/command.js';
import { startCrowd } from '../support/crowd.js';
import { WITHOUT_COVERAGE } from '../support/flood.js';
import { resident, spilled } from '../support/proc.js';
import { describeWith } from '../support/tools.js';
import { eventually } from '../support/waiting.js';
import { arrivedNotice, joinLines, leftNotice, numberedLines, relayed } from '../support/wire.js';
import { idsFrom, notices, requireNoLeak, sorted } from './churn.js';

const MIB = 1024 * 1024;
const env = WITHOUT_COVERAGE;

describeWith(['proc', 'python3'], 'faults: crowds of clients', () => {
  it('accepts 1,500 clients that connect at once, and numbers and announces each once, in order', async () => {
    const server = await startServer({ env });
    const witness = await connectAs(server);
    const guests = await startCrowd(server, 'burst', 1500);
    await witness.until(arrivedNotice(1500));
    expect(notices(witness, 'arrived')).to.deep.equal(idsFrom(1, 1500));
    await guests.perform('close');
    await witness.inbox.untilCount(' just left\n', 1500);
    expect(sorted(notices(witness, 'left'))).to.deep.equal(idsFrom(1, 1500));
    expect(server.stderr.text).to.equal('');
  });

  it('5 × 1,000 clients that connect and leave, half by RST, half in mid-line, leave nothing behind', async () => {
    await requireNoLeak(1000);
  });

  it('relays the lines of others in order while 1,000 clients break off by RST in mid-line', async () => {
    const server = await startServer({ env });
    const sender = await connectAs(server);
    const receiver = await connectAs(server, 1, sender);
    const lines = Array.from({ length: 200 }, (_, i) => `line ${i}`);
    const storm = startCrowd(server, 'storm', 1000);
    for (const line of lines) {
      await sender.send(`${line}\n`);
      await receiver.until(relayed(0, line));
    }
    await storm;
    await receiver.inbox.untilCount(' just left\n', 1000);
    expect(notices(receiver, 'arrived')).to.deep.equal(idsFrom(2, 1000));
    expect(sorted(notices(receiver, 'left'))).to.deep.equal(idsFrom(2, 1000));
    const received = receiver.inbox.text.split('\n').slice(0, -1);
    const ofSender = received.filter((line) => line.startsWith('client 0: '));
    expect(ofSender).to.deep.equal(lines.map((line) => `client 0: ${line}`));
    // RST discards what the relay has not read yet, but no line is ever cut.
    for (const line of received.filter((each) => !each.startsWith('client 0: '))) {
      expect(line).to.match(/^(server: client \d+ just (arrived|left)|client \d+: a whole line)$/);
    }
    expect(server.stderr.text).to.equal('');
  });

  it('refuses clients at the limit of descriptors, warns, still spills, and accepts clients again later', async () => {
    const command = shell('ulimit -n 64 && exec "$@"');
    const server = await startServer({ env, args: ['--memory', '1M'], command });
    const sender = await connectAs(server);
    const reader = await connectAs(server, 1, sender);
    const guests = await startCrowd(server, 'hold', 200);
    await server.stderr.until('refusing connections: the limit of file descriptors is reached');
    reader.pause();
    const lines = numberedLines(16);
    await sender.send(joinLines(lines));
    await eventually('segments on disk', () => spilled(server) > 4 * MIB);
    reader.resume();
    await reader.until(relayed(0, lines.at(-1) as string));
    const accepted = notices(sender, 'arrived').length - 1;
    expect(accepted).to.be.within(5, 60);
    expect(reader.inbox.text.replace(/^server: .*\n/gm, '') === relayed(0, ...lines)).to.equal(true);
    await guests.perform('close');
    await sender.inbox.untilCount(' just left\n', accepted);
    const late = await connectAs(server, accepted + 2, sender);
    await late.send('at last\n');
    await sender.until(relayed(accepted + 2, 'at last'));
    await server.stderr.until(`accepting connections again; ${200 - accepted} refused so far\n`);
    expect(server.stderr.text.split('\n').length, server.stderr.text).to.equal(3);
  });

  it('needs little memory and delays no other client when 1,000 clients have sent half a line each', async () => {
    const server = await startServer({ env });
    const witness = await connectAs(server);
    const other = await connectAs(server, 1, witness);
    const guests = await startCrowd(server, 'hold', 1000);
    await witness.until(arrivedNotice(1001));
    await guests.perform('send half of ');
    await other.send('meanwhile\n');
    await witness.until(relayed(1, 'meanwhile'));
    expect(witness.inbox.text).not.to.contain('half of');
    await guests.perform('send a line\\nand half of another');
    await witness.inbox.untilCount(': half of a line\n', 1000);
    const senders = [...witness.inbox.text.matchAll(/^client (\d+): half of a line$/gm)];
    expect(sorted(senders.map(([, id]) => Number(id)))).to.deep.equal(idsFrom(2, 1000));
    expect(resident(server)).to.be.below(300 * MIB);
    await guests.perform('reset');
    await witness.inbox.untilCount(' just left\n', 1000);
    expect(witness.inbox.text).not.to.contain('half of another');
    expect(witness.inbox.text).to.contain(leftNotice(1001));
  });

  it('delivers whole lines of 50 clients that take turns to send one byte', async () => {
    const server = await startServer({ env });
    const witness = await connectAs(server);
    await startCrowd(server, 'bytewise', 50);
    await witness.inbox.untilCount(': the end\n', 50);
    for (const id of idsFrom(1, 50)) {
      const lines = witness.inbox.text.split('\n').filter((line) => line.startsWith(`client ${id}: `));
      expect(lines).to.deep.equal([
        `client ${id}: one byte at a time: ünï, and again`,
        `client ${id}: the end`,
      ]);
    }
  });
});
