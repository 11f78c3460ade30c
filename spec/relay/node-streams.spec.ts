import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import {
  type AddressInfo,
  connect as connectTcp,
  createServer as createNetServer,
  type Server,
} from 'node:net';
import { Duplex, duplexPair } from 'node:stream';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { constants, createBrotliCompress, createBrotliDecompress } from 'node:zlib';
import { addCleanup } from '../support/cleanup.js';
import { Inbox } from '../support/inbox.js';
import { createTestRelay, join, recordEvents } from '../support/room.js';
import { eventually } from '../support/waiting.js';
import { arrivedNotice, joinLines, leftNotice, numberedLines, relayed } from '../support/wire.js';

/** The stream that the relay is given, and the peer at its other end, which has sent `first\n`. */
interface Pair {
  readonly far: Duplex;
  readonly near: Duplex;
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  addCleanup(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A peer that has passed the handshake of a request with this header. */
async function http(event: 'connect' | 'upgrade', head: string, answer: string): Promise<Pair> {
  const server = createServer();
  const far = new Promise<Duplex>((resolve) =>
    server.on(event, (_request, socket: Duplex, rest: Buffer) => {
      socket.write(answer);
      socket.unshift(rest);
      resolve(socket);
    }),
  );
  const near = connectTcp(await portOf(server), '127.0.0.1');
  near.write(`${head}\r\nHost: example.com\r\n\r\nfirst\n`);
  const [response] = (await once(near, 'data')) as [Buffer];
  near.pause();
  near.unshift(response.subarray(answer.length));
  return { near, far: await far };
}

const KINDS: Record<string, () => Promise<Pair>> = {
  'a socket of a connect event of node:http': () =>
    http('connect', 'CONNECT example.com:80 HTTP/1.1', 'HTTP/1.1 200 OK\r\n\r\n'),
  'a socket of an upgrade event of node:http': () => {
    const headers = 'Connection: Upgrade\r\nUpgrade: chat';
    return http('upgrade', `GET / HTTP/1.1\r\n${headers}`, `HTTP/1.1 101 Chat\r\n${headers}\r\n\r\n`);
  },
  'a socket of another server': async () => {
    const server = createNetServer();
    const far = once(server, 'connection') as Promise<[Duplex]>;
    const near = connectTcp(await portOf(server), '127.0.0.1');
    near.write('first\n');
    return { near, far: (await far)[0] };
  },
  'a TLS socket': async () => {
    const psk = Buffer.alloc(16, 'k');
    const server = createTlsServer({ ciphers: 'PSK', pskCallback: () => psk });
    const far = once(server, 'secureConnection') as Promise<[Duplex]>;
    const near = connectTls({
      port: await portOf(server),
      host: '127.0.0.1',
      ciphers: 'PSK',
      pskCallback: () => ({ psk, identity: 'client' }),
      checkServerIdentity: () => undefined,
    });
    near.write('first\n');
    return { near, far: (await far)[0] };
  },
  'a stream of node:http2': async () => {
    const server = createHttp2Server();
    const far = once(server, 'stream') as Promise<[Duplex & { respond(): void }]>;
    const session = connectHttp2(`http://127.0.0.1:${await portOf(server)}`);
    addCleanup(() => session.destroy());
    const near = session.request({ ':method': 'POST' });
    near.write('first\n');
    const [stream] = await far;
    stream.respond();
    return { near, far: stream };
  },
  'a pair of compressing streams': async () => {
    const [near, middle] = duplexPair();
    const flush = { flush: constants.BROTLI_OPERATION_FLUSH };
    const [compress, decompress] = [createBrotliCompress(flush), createBrotliDecompress(flush)];
    near.write('first\n');
    const far = Duplex.from({
      readable: middle.pipe(createBrotliCompress(flush)).pipe(createBrotliDecompress(flush)),
      writable: compress,
    });
    compress.pipe(decompress).pipe(middle);
    return { near, far };
  },
  'a Duplex of web streams': async () => {
    const [up, down] = [new TransformStream(), new TransformStream()];
    const near = Duplex.fromWeb({ readable: down.readable, writable: up.writable });
    near.write('first\n');
    return { near, far: Duplex.fromWeb({ readable: up.readable, writable: down.writable }) };
  },
};

for (const [name, pair] of Object.entries(KINDS)) {
  for (const [kind, transforms] of [
    ['without transforms', []],
    ['with a transform', [<T>(message: T): T => message]],
  ] as const) {
    it(`relay.handle() of ${name} makes a client, ${kind}`, async () => {
      const relay = createTestRelay({ transforms });
      const a = await join(relay);
      const { near, far } = await pair();
      addCleanup(() => void near.destroy());
      await relay.handle(far).id;
      await a.until(relayed(1, 'first'));
      const lines = numberedLines(1);
      const events = recordEvents(relay);
      a.send(joinLines(lines));
      // The stream receives only what is in the log before it ends its side.
      await events.until(`line 0 ${lines.at(-1)}\n`);
      near.end('last\n');
      await a.receives(arrivedNotice(1), relayed(1, 'first', 'last'), leftNotice(1));
      const inbox = new Inbox();
      near.on('data', (chunk: Buffer) => inbox.push(chunk)).resume();
      const ended = once(near, 'end');
      await inbox.exactly(Buffer.from(relayed(0, ...lines)));
      await ended;
      await eventually('the client to be gone', () => relay.stats().clients === 1);
    });
  }
}

it('relay.handle() of the standard streams of a process makes a client', async () => {
  const relay = createTestRelay();
  const a = await join(relay);
  const child = spawn('sh', ['-c', 'echo first; read -r line; echo "got $line"']);
  addCleanup(() => void child.kill());
  relay.handle(Duplex.from({ readable: child.stdout, writable: child.stdin }));
  await a.until(relayed(1, 'first'));
  a.send('hello\n');
  await a.receives(arrivedNotice(1), relayed(1, 'first', 'got client 0: hello'), leftNotice(1));
  await eventually('the client to be gone', () => relay.stats().clients === 1);
});
