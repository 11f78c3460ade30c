// Shows a bot: a client in the same process, without a socket, that welcomes each new client and answers "!time".
//
//   node examples/bot.mjs [port]
//   nc 127.0.0.1 4242
import { createInterface } from 'node:readline';
import { duplexPair } from 'node:stream';
import { createRelay } from 'mini-serv';

const [port = '4242'] = process.argv.slice(2);

const relay = createRelay();
// The relay has one end of the pair, the bot the other.
const [bot, connection] = duplexPair();
await relay.handle(connection).id;
console.log(`listening on 127.0.0.1:${await relay.listen(Number(port))}`);

for await (const line of createInterface({ input: bot })) {
  // A client cannot forge these forms, because the relay adds the prefix.
  const [, arrived] = /^server: client (\d+) just arrived$/.exec(line) ?? [];
  const [, asking] = /^client (\d+): !time$/.exec(line) ?? [];
  if (arrived !== undefined) bot.write(`welcome, client ${arrived}\n`);
  if (asking !== undefined) bot.write(`client ${asking}, it is ${new Date().toISOString()}\n`);
}
