// A room of two clients, and the error of a shared room without the optional packages. Prints what it has received.
import { once } from 'node:events';
import { connect } from 'node:net';
import { createRelay, MiniServError, openRoom } from 'mini-serv';

async function main() {
  const relay = createRelay();
  const port = await relay.listen(0);
  const first = connect(port, '127.0.0.1');
  await once(relay, 'joined');
  const second = connect(port, '127.0.0.1');
  await once(relay, 'joined');
  second.write('hello\n');
  let received = '';
  for await (const chunk of first) {
    received += chunk;
    if (received.endsWith('hello\n')) break;
  }
  process.stdout.write(received);
  second.destroy();
  await relay.close();
  const error = await openRoom('nats://127.0.0.1:1/lobby').catch((reason) => reason);
  process.stdout.write(`${error instanceof MiniServError} ${error.code}: ${error.message}\n`);
}

// Not awaited at the top level, which CommonJS output cannot do.
void main();
