// Shows how to compose transforms in code: the room never receives lines with a password, and a log keeps the rest.
//
//   node examples/log-and-filter.mjs [port] [file]
//   nc 127.0.0.1 4242
import { createRelay, filter, log } from 'mini-serv';

const [port = '4242', file = 'room.log'] = process.argv.slice(2);

const relay = createRelay({
  // The order counts: the log receives only lines that the filter passes on.
  transforms: [filter({ drop: /password/i }), log({ to: file })],
});
relay.on('warning', ({ message }) => console.error(message));
console.log(`listening on 127.0.0.1:${await relay.listen(Number(port))}, logging to ${file}`);
