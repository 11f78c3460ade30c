// A mini_serv in JavaScript with one mistake, named by its first argument:
//
// | trim       | removes spaces at both ends of a line      |
// | toString   | converts bytes to text and back            |
// | noisy      | writes to standard error                   |
// | busy       | never waits                                |
// | slow       | sends with a timer                         |
// | eachPacket | sends each packet with a prefix of its own |
// | atOnce     | sends a piece of a line at once            |
// | shortLines | keeps only the first 4,095 bytes of a line |
import { createServer } from 'node:net';

const [mistake, port] = process.argv.slice(2);
if (port === undefined) {
  process.stderr.write('Wrong number of arguments\n');
  process.exit(1);
}
const encoding = mistake === 'toString' ? 'utf8' : 'latin1';
const clients = new Map();
let nextId = 0;

function sendToOthers(sender, text) {
  const others = [...clients.keys()].filter((socket) => socket !== sender);
  const send = () => {
    for (const socket of others) socket.write(text, encoding);
  };
  if (mistake === 'slow') setTimeout(send, 12);
  else send();
}

function spin() {
  setImmediate(spin);
}
if (mistake === 'busy') spin();
if (mistake === 'noisy') process.stderr.write(`listening on ${port}\n`);

const server = createServer({ allowHalfOpen: true }, (socket) => {
  const id = nextId++;
  let rest = '';
  clients.set(socket, id);
  sendToOthers(socket, `server: client ${id} just arrived\n`);
  const leave = () => {
    if (!clients.delete(socket)) return;
    sendToOthers(socket, `server: client ${id} just left\n`);
    socket.end();
  };
  socket.on('data', (chunk) => {
    const text = chunk.toString(encoding);
    if (mistake === 'eachPacket' || mistake === 'atOnce') {
      // The prefix is in front of each line, and of a piece if it begins a line or the mistake is made.
      const isInLine = mistake === 'atOnce' && rest !== '';
      const prefixed = text.replace(/(?<=\n)(?!$)|^/g, `client ${id}: `);
      sendToOthers(socket, isInLine ? prefixed.slice(`client ${id}: `.length) : prefixed);
      rest = text.endsWith('\n') ? '' : 'a piece';
      return;
    }
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    if (mistake === 'shortLines') rest = rest.slice(0, 4095);
    for (const line of lines)
      sendToOthers(socket, `client ${id}: ${mistake === 'trim' ? line.trim() : line}\n`);
  });
  socket.on('end', leave).on('error', leave).on('close', leave);
});
server.on('error', () => {
  process.stderr.write('Fatal error\n');
  process.exit(1);
});
server.listen(port, '127.0.0.1');
