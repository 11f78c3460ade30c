import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect } from 'chai';
import { openRoom } from '../../../lib/index.js';
import { namesOf } from '../../../lib/room/nats/streams.js';
import { LogRecorder } from '../../support/log-spec.js';
import { answers, type NatsServer, startNats } from '../../support/nats.js';
import { freePort } from '../../support/ports.js';
import { describeWith } from '../../support/tools.js';
import { eventually, within } from '../../support/waiting.js';

/** @param missing number of servers that are not started */
async function startCluster(missing = 0): Promise<Map<string, NatsServer>> {
  const ports = [await freePort(), await freePort(), await freePort()];
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(', ');
  const servers = new Map<string, NatsServer>();
  for (const [i, port] of ports.entries()) {
    const name = `server-${i}`;
    const config = `server_name: ${name}
cluster { name: rooms, listen: 127.0.0.1:${port}, routes: [${routes}] }
`;
    // A server answers only after it has found the others.
    const server = await startNats({ config, waits: false });
    if (i < missing) await server.kill();
    servers.set(name, server);
  }
  if (missing > 0) return servers;
  for (const { port } of servers.values()) await eventually('a server', () => answers(port));
  await untilComplete([...servers.values()].map(({ port }) => `127.0.0.1:${port}`));
  return servers;
}

/** Waits until the cluster can store a stream on all servers. Until then it refuses a room. */
async function untilComplete(hosts: string[]): Promise<void> {
  const connection = await connect({ servers: hosts });
  const jsm = await jetstreamManager(connection, { checkAPI: false });
  await eventually('a complete cluster', async () => {
    try {
      await jsm.streams.add({ name: 'PROBE', subjects: ['probe'], num_replicas: 3 });
      return await jsm.streams.delete('PROBE');
    } catch {
      return false;
    }
  });
  await connection.close();
}

describeWith('nats-server', 'a room on a cluster of three servers', () => {
  it('loses no line when the server that leads the stream is killed under load', async () => {
    const servers = await startCluster();
    const hosts = [...servers.values()].map(({ port }) => `127.0.0.1:${port}`);
    const url = `nats://${hosts.join(',')}/lobby`;
    const open = async () =>
      new LogRecorder(await within(openRoom(url, { heartbeatMs: 500, replicas: 3 }), 'the room'));
    const [first, second] = [await open(), await open()];
    const relays = [first, second];
    for (const relay of relays) await relay.connect(0);
    const leader = servers.get(await leaderOf(hosts, 'lobby'));

    let isSending = true;
    let count = 0;
    const sending = (async () => {
      while (isSending) {
        for (const relay of relays) {
          if (relay.log.isFull) continue;
          const client = relay.idsByToken.get(0) as number;
          relay.append({ kind: 'lines', client, bytes: `${count++}` });
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await eventually('some lines', () => first.roomEntries.length > 500);
    await leader?.kill();
    const before = first.roomEntries.length;
    await eventually('more lines', () => first.roomEntries.length > before + 1000 && !first.log.isFull);
    isSending = false;
    await sending;
    await eventually('all lines', () => relays.every(({ roomEntries }) => roomEntries.length >= count + 2));

    const start = first.roomEntries.indexOf(second.roomEntries[0] as string);
    expect(second.roomEntries).to.deep.equal(first.roomEntries.slice(start));
    const numbers = first.roomEntries
      .filter((entry) => entry.startsWith('lines'))
      .map((entry) => Number(entry.split(' ')[2]));
    expect(numbers.sort((a, b) => a - b)).to.deep.equal(Array.from({ length: count }, (_, i) => i));
  });
});

describeWith('nats-server', 'a room on a cluster that is starting', () => {
  it('opens when enough servers have started', async () => {
    const servers = [...(await startCluster(1)).values()];
    const hosts = servers.map(({ port }) => `127.0.0.1:${port}`);
    const warnings: string[] = [];
    const opening = openRoom(`nats://${hosts.join(',')}/lobby`, {
      replicas: 3,
      onWarning: ({ message }) => warnings.push(message),
    });
    opening.catch(() => {});
    await eventually('a warning', () => warnings.length > 0);
    // A cluster of two servers has a leader, which has no peers for three replicas.
    await Promise.race([opening, new Promise((resolve) => setTimeout(resolve, 8000))]);
    await servers[0]?.start();
    const recorder = new LogRecorder(await within(opening, 'the room'));
    expect(await recorder.connect(0)).to.equal(0);
    expect(warnings).to.have.length(1);
  });
});

async function leaderOf(hosts: readonly string[], room: string): Promise<string> {
  const connection = await connect({ servers: [...hosts] });
  const jsm = await jetstreamManager(connection);
  const { config, cluster } = await jsm.streams.info(namesOf(room).recordStream);
  await connection.close();
  expect(config.num_replicas).to.equal(3);
  return cluster?.leader ?? '';
}
