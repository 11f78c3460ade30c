// Shows one room on two ports: two relays share it through a NATS server. Usually they are on different machines.
//
//   npm install @nats-io/transport-node @nats-io/jetstream
//   nats-server -js
//   node examples/nats-two-ports.mjs [url] [port] [port]
//   nc 127.0.0.1 4242, and nc 127.0.0.1 4243
import { createRelay, openRoom } from 'mini-serv';

const [url = 'nats://127.0.0.1:4222/lobby', first = '4242', second = '4243'] = process.argv.slice(2);

for (const port of [first, second]) {
  const room = await openRoom(url, { onWarning: ({ message }) => console.error(message) });
  const relay = createRelay({ room });
  relay.on('warning', ({ message }) => console.error(message));
  relay.on('engineLost', ({ message }) => {
    console.error(message);
    process.exitCode = 1;
  });
  console.log(`listening on 127.0.0.1:${await relay.listen(Number(port))}`);
}
