// The relay that one would write first: every line is written to every other socket, and what a socket does not
// take is left to Node to keep. Correct, short, and what a reader that has stopped costs memory for.
import { createServer, type Socket } from 'node:net';

const clients = new Map<number, Socket>();
let nextId = 0;

function say(from: number, text: string): void {
  for (const [id, socket] of clients) if (id !== from) socket.write(text, 'latin1');
}

createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  const id = nextId++;
  say(id, `server: client ${id} just arrived\n`);
  clients.set(id, socket);
  let rest = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) say(id, `client ${id}: ${line}\n`);
  });
  const leave = (): void => {
    if (!clients.delete(id)) return;
    socket.end();
    say(id, `server: client ${id} just left\n`);
  };
  socket.on('end', leave);
  socket.on('close', leave);
  socket.on('error', leave);
}).listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
