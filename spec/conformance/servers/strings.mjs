// A mini_serv as one writes it in JavaScript the first time. With the word trim it trims what is said, and otherwise it
// takes bytes for text, which is right for as long as they are text and no character comes in two pieces.
import { createServer } from 'node:net';

const [mistake, port] = process.argv.slice(2);
if (port === undefined) {
  process.stderr.write('Wrong number of arguments\n');
  process.exit(1);
}
const encoding = mistake === 'trim' ? 'latin1' : 'utf8';
const clients = new Map();
let nextId = 0;

function tell(but, text) {
  for (const socket of clients.keys()) if (socket !== but) socket.write(text, encoding);
}

const server = createServer({ allowHalfOpen: true }, (socket) => {
  const id = nextId++;
  let rest = '';
  clients.set(socket, id);
  tell(socket, `server: client ${id} just arrived\n`);
  const leave = () => {
    if (!clients.delete(socket)) return;
    tell(socket, `server: client ${id} just left\n`);
    socket.end();
  };
  socket.on('data', (chunk) => {
    const lines = (rest + chunk.toString(encoding)).split('\n');
    rest = lines.pop();
    for (const line of lines) tell(socket, `client ${id}: ${mistake === 'trim' ? line.trim() : line}\n`);
  });
  socket.on('end', leave).on('error', leave).on('close', leave);
});
server.on('error', () => {
  process.stderr.write('Fatal error\n');
  process.exit(1);
});
server.listen(port, '127.0.0.1');
