import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { exec, type Relay } from '../../../lib/index.js';
import { type Client, connect, connectAs } from '../../support/client.js';
import { shell, startServer } from '../../support/command.js';
import { isAlive } from '../../support/proc.js';
import { createSmallRelay, createTestRelay, join, type Member } from '../../support/room.js';
import { itWith } from '../../support/tools.js';
import { eventually } from '../../support/waiting.js';
import { arrivedNotice, leftNotice, relayed } from '../../support/wire.js';

/** The number that a program prints as its first line. */
async function printedPid({ inbox }: Pick<Member, 'inbox'>, client = 1): Promise<number> {
  const line = new RegExp(`^client ${client}: (\\d+)\n`, 'm');
  await inbox.until((bytes) => line.test(bytes.toString('latin1')));
  return Number(line.exec(inbox.text)?.[1]);
}

const isGone = (pid: number): Promise<void> => eventually(`the end of process ${pid}`, () => !isAlive(pid));

/** A client that has started this program, and a witness. */
async function running(command: string, relay: Relay = createTestRelay({ transforms: [exec({ command })] })) {
  const warnings: string[] = [];
  relay.on('warning', ({ message }) => warnings.push(message));
  const [witness, client] = [await join(relay), await join(relay)];
  client.send('x\n');
  return { relay, witness, client, warnings };
}

/** The processes that this process has started. */
function children(pid: number | undefined): string[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
}

describe('processes of the transform exec', () => {
  it('end with their client, also those that the program has started', async () => {
    const { witness, client } = await running('sleep 1000 >/dev/null 2>&1 & echo $!; exec cat');
    const pid = await printedPid(witness);
    client.end();
    await witness.until(leftNotice(1));
    await isGone(pid);
  });

  it('end when the program exits and another process keeps its output open', async () => {
    const { witness, client, warnings } = await running('sleep 1000 & echo $!');
    const pid = await printedPid(witness);
    await isGone(pid);
    await witness.until(leftNotice(1));
    expect(warnings.join()).to.match(/exited with code 0 before its client left$/);
    await client.ended;
  });

  it('are sent SIGTERM if they ignore the end of their input', async () => {
    const { witness, client, warnings } = await running('echo $$; exec sleep 1000');
    const pid = await printedPid(witness);
    client.end();
    await witness.until(leftNotice(1));
    expect(isAlive(pid)).to.equal(false);
    expect(warnings.join()).to.match(
      /was ended by SIGTERM, because it did not end in time after its client left$/,
    );
  });

  for (const policy of ['close', 'bypass'] as const) {
    it(`end with their client when they do not read and their pipe is full, with ${policy}`, async () => {
      const transforms = [exec({ command: 'echo $$; exec sleep 1000' })];
      const relay = createTestRelay({ transforms, onTransformError: policy });
      const { witness, client, warnings } = await running('', relay);
      const pid = await printedPid(witness);
      client.send(`${'x'.repeat(1023)}\n`.repeat(2048));
      await eventually('lines that wait', () => (relay.stats().pendingTransforms.get(1) ?? 0) > 0);
      client.far.destroy();
      await isGone(pid);
      await witness.until(leftNotice(1));
      expect(warnings.join()).to.match(/SIGTERM, because it did not end in time after its client left(;|$)/);
    });
  }

  it('end when the relay closes, even if they ignore SIGTERM', async () => {
    const { relay, witness } = await running("trap '' TERM; echo $$; while :; do sleep 1; done");
    const pid = await printedPid(witness);
    await relay.close(0);
    await isGone(pid);
  });

  it('end when the relay closes before they have read what they were given', async () => {
    const { relay, witness, client } = await running('echo $$; exec sleep 1000');
    const pid = await printedPid(witness);
    client.send(`${'x'.repeat(1023)}\n`.repeat(2048));
    await eventually('lines that wait', () => (relay.stats().pendingTransforms.get(1) ?? 0) > 0);
    await relay.close(0);
    await isGone(pid);
  });

  it('end with a relay that is killed, even if they ignore the end of their input and SIGTERM', async () => {
    const command = "trap '' TERM; sleep 1000 & echo $!; echo $$; while :; do sleep 1; done";
    const server = await startServer({ args: ['-t', `exec=${command}`] });
    const witness = await connectAs(server);
    const client = await connectAs(server, 1, witness);
    await client.send('x\n');
    await witness.until((bytes) => bytes.toString().split('\n').length === 4);
    const pids = witness.inbox.text
      .split('\n')
      .slice(1, 3)
      .map((line) => Number(line.split(' ')[2]));
    expect(pids.every(isAlive)).to.equal(true);
    server.kill('SIGKILL');
    for (const pid of pids) await isGone(pid);
  });

  itWith('proc', 'leave nothing behind, not even the process that guards them', async () => {
    const server = await startServer({ args: ['-t', 'exec=cat'] });
    const witness = await connectAs(server);
    const client = await connectAs(server, 1, witness);
    expect(children(server.process.pid)).to.deep.equal([]);
    await client.send('x\n');
    await witness.until(relayed(1, 'x'));
    expect(children(server.process.pid)).to.have.length(2);
    client.end();
    await eventually('no processes', () => children(server.process.pid).length === 0);
  });

  it('write no more than the room can take, and do not hold up other clients', async () => {
    const transforms = [exec({ command: '[ $MINI_SERV_CLIENT = 1 ] && exec yes; exec cat' })];
    const { relay } = createSmallRelay({ transforms, spillLimitBytes: 100_000 });
    const { witness, client } = await running('', relay);
    witness.pause();
    const other = await join(relay);
    other.pause();
    await eventually('a full room', () => relay.stats().waitingSenders > 0);
    const { memoryBytes, diskBytes } = relay.stats();
    expect(memoryBytes + diskBytes).to.be.lessThan(8_000_000);
    for (const member of [witness, other]) member.resume();
    other.send('hello\n');
    await witness.until(relayed(2, 'hello'));
    await client.until(relayed(2, 'hello'));
  });

  itWith('proc', 'count towards the limit of file descriptors, so that none fails to start', async () => {
    const server = await startServer({
      args: ['-t', 'exec=cat'],
      command: shell('ulimit -n 120; exec "$@"'),
    });
    const witness = await connect(server);
    const clients: Client[] = [];
    for (let i = 1; i < 40; i++) {
      const client = await connect(server);
      client.socket.write(`hello from ${i}\n`);
      clients.push(client);
    }
    await server.stderr.until('refusing connections');
    const countArrivals = (): number => witness.inbox.text.split('just arrived').length - 1;
    const countRefused = (): number => clients.filter(({ socket }) => socket.closed).length;
    await eventually('all clients to be accepted or refused', () => {
      return countArrivals() + countRefused() === clients.length;
    });
    expect(server.stderr.text).not.to.match(/failed/);
    const accepted = countArrivals();
    expect(accepted).to.be.within(10, 30);
    await witness.until((bytes) => bytes.toString().split('hello from').length - 1 === accepted);
    await witness.until(arrivedNotice(accepted));
  });
});
