// The upper bound for Node's sockets: a `data` listener and one `write` for each socket and turn of the event loop, and no
// log, pipeline or transcript. Node buffers what a socket does not accept, without a bound.
import { createServer, type Socket } from 'node:net';

interface Run {
  readonly owner: number;
  readonly bytes: Buffer;
}

/** The clients by id; `first` is the index of the first run of this turn that the client receives. */
const clients = new Map<number, { readonly socket: Socket; first: number }>();
let runs: Run[] = [];
let nextId = 0;

function flush(): void {
  const batch = runs;
  if (batch.length === 0) return;
  runs = [];
  const owners = new Set(batch.map(({ owner }) => owner));
  const all = Buffer.concat(batch.map(({ bytes }) => bytes));
  for (const [id, client] of clients) {
    const { socket, first } = client;
    client.first = 0;
    const whole = first === 0 && !owners.has(id);
    const others = whole ? [] : batch.slice(first).filter(({ owner }) => owner !== id);
    if (whole) socket.write(all);
    else if (others.length > 0) socket.write(Buffer.concat(others.map(({ bytes }) => bytes)));
  }
}

function append(owner: number, text: string): void {
  if (runs.length === 0) setImmediate(flush);
  runs.push({ owner, bytes: Buffer.from(text, 'latin1') });
}

createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  const id = nextId++;
  const prefix = `client ${id}: `;
  append(id, `server: client ${id} just arrived\n`);
  clients.set(id, { socket, first: runs.length });
  let rest = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    const end = chunk.lastIndexOf('\n');
    if (end === -1) {
      rest += chunk;
      return;
    }
    const lines = rest + chunk.slice(0, end);
    rest = chunk.slice(end + 1);
    append(id, `${prefix}${lines.replaceAll('\n', `\n${prefix}`)}\n`);
  });
  const leave = (): void => {
    if (!clients.has(id)) return;
    // The client still receives the lines from before it left.
    flush();
    clients.delete(id);
    socket.end();
    append(id, `server: client ${id} just left\n`);
  };
  socket.on('end', leave);
  socket.on('close', leave);
  socket.on('error', leave);
}).listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
