// The relay that the standard library suggests: one hub that is piped into each socket, through a stream that drops the
// client's own lines. Correct while all clients read; one stalled client stalls all others.
import { createServer } from 'node:net';
import { PassThrough, Transform } from 'node:stream';

interface Line {
  readonly from: number;
  readonly text: string;
}

const hub = new PassThrough({ objectMode: true });
hub.setMaxListeners(0);
let nextId = 0;

createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  const id = nextId++;
  hub.write({ from: id, text: `server: client ${id} just arrived\n` });
  const others = new Transform({
    writableObjectMode: true,
    decodeStrings: false,
    transform({ from, text }: Line, _encoding, done) {
      if (from === id) done();
      else done(null, Buffer.from(text, 'latin1'));
    },
  });
  hub.pipe(others).pipe(socket);
  let rest = '';
  socket.setEncoding('latin1');
  const lines = new Transform({
    readableObjectMode: true,
    decodeStrings: false,
    transform(chunk: string, _encoding, done) {
      const complete = (rest + chunk).split('\n');
      rest = complete.pop() as string;
      for (const line of complete) this.push({ from: id, text: `client ${id}: ${line}\n` });
      done();
    },
  });
  socket.pipe(lines).pipe(hub, { end: false });
  let isPresent = true;
  const leave = (): void => {
    if (!isPresent) return;
    isPresent = false;
    hub.unpipe(others);
    others.end();
    hub.write({ from: id, text: `server: client ${id} just left\n` });
  };
  lines.on('end', leave);
  socket.on('close', leave);
  socket.on('error', leave);
}).listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
