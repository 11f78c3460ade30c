import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect } from 'chai';
import { openRoom } from '../../../lib/index.js';
import { namesOf } from '../../../lib/room/nats/streams.js';
import { Readings } from '../../support/log-spec.js';
import { answers, describeWithNats, type Nats, startNats } from '../../support/nats.js';
import { freePort } from '../../support/ports.js';
import { eventually, within } from '../../support/waiting.js';

async function cluster(): Promise<Map<string, Nats>> {
  const routes = [await freePort(), await freePort(), await freePort()];
  const servers = new Map<string, Nats>();
  for (const [i, port] of routes.entries()) {
    const name = `server-${i}`;
    const config = `server_name: ${name}
cluster { name: rooms, listen: 127.0.0.1:${port}, routes: [${routes.map((route) => `nats://127.0.0.1:${route}`).join(', ')}] }
`;
    servers.set(name, await startNats({ config, wait: false }));
  }
  for (const { port } of servers.values()) await eventually('a server', () => answers(port));
  return servers;
}

describeWithNats('a room on three servers', () => {
  it('loses nothing that was said when the server that leads it is killed under load', async () => {
    const servers = await cluster();
    const hosts = [...servers.values()].map(({ port }) => `127.0.0.1:${port}`).join(',');
    const url = `nats://${hosts}/lobby`;
    const options = { beat: 500, replicas: 3 };
    const [first, second] = [
      new Readings(await within(openRoom(url, options), 'the room')),
      new Readings(await within(openRoom(url, options), 'the room')),
    ] as const;
    const members = [first, second] as const;
    for (const readings of members) readings.append({ kind: 'connected', token: 0 });
    for (const readings of members) await readings.told.until((bytes) => bytes.includes('given 0 '));
    const connection = await connect({ servers: hosts.split(',') });
    const jsm = await jetstreamManager(connection);
    const info = await jsm.streams.info(namesOf('lobby').log);
    await connection.close();
    expect(info.config.num_replicas).to.equal(3);
    const leader = servers.get(info.cluster?.leader ?? '');
    let going = true;
    let count = 0;
    const say = async (): Promise<void> => {
      while (going) {
        for (const readings of members) {
          if (readings.log.isFull) continue;
          const client = readings.ids.get(0) as number;
          readings.append({ kind: 'lines', client, bytes: `${count++}` });
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const saying = say();
    await eventually('some of it', () => first.said.length > 500);
    await leader?.kill();
    const before = first.said.length;
    await eventually('more of it', () => first.said.length > before + 1000 && !first.log.isFull);
    going = false;
    await saying;
    await eventually('all of it', () => members.every(({ said }) => said.length >= count + 2));
    const start = second.said[0] as string;
    expect(second.said).to.deep.equal(first.said.slice(first.said.indexOf(start)));
    const numbers = first.said
      .filter((entry) => entry.startsWith('lines'))
      .map((entry) => Number(entry.split(' ')[2]));
    expect(numbers.sort((a, b) => a - b)).to.deep.equal(Array.from({ length: count }, (_, i) => i));
  });
});
