// A naive relay: writes each line to each other socket. Correct and short, but Node buffers in memory, without a bound,
// what a stalled reader does not accept.
import { createServer, type Socket } from 'node:net';

const clients = new Map<number, Socket>();
let nextId = 0;

function broadcast(from: number, text: string): void {
  for (const [id, socket] of clients) if (id !== from) socket.write(text, 'latin1');
}

createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  const id = nextId++;
  broadcast(id, `server: client ${id} just arrived\n`);
  clients.set(id, socket);
  let rest = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) broadcast(id, `client ${id}: ${line}\n`);
  });
  const leave = (): void => {
    if (!clients.delete(id)) return;
    socket.end();
    broadcast(id, `server: client ${id} just left\n`);
  };
  socket.on('end', leave);
  socket.on('close', leave);
  socket.on('error', leave);
}).listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
