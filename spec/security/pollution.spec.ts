import { execFileSync } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { expect } from 'chai';
import { createRelay, escapeControls, filter, log, rate, replace, timestamp } from '../../lib/index.js';
import { splitLines } from '../../lib/protocol/line-splitter.js';
import { checkOptions } from '../../lib/relay/options.js';
import { instantiate } from '../../lib/transforms/factory.js';
import { afterwards } from '../support/cleanup.js';
import { arrive, type Client } from '../support/client.js';
import { type Server, startServer } from '../support/command.js';
import { folder, within } from '../support/modules.js';
import { HAS_PROC, resident, spilled } from '../support/proc.js';
import { stoppedReaders } from '../support/stopped.js';
import { eventually } from '../support/waiting.js';
import { arrived, left, said } from '../support/wire.js';

const MIB = 1024 * 1024;

/** What a look at our streams and options gives while Object.prototype has this; nothing else runs meanwhile. */
function polluted<T>(name: string, value: unknown, look: () => T): T {
  const descriptor = { value, writable: true, enumerable: true, configurable: true };
  Object.defineProperty(Object.prototype, name, descriptor);
  try {
    return look();
  } finally {
    delete (Object.prototype as unknown as Record<string, unknown>)[name];
  }
}

/** The limits of every stream that is ours. */
function limits(): unknown {
  const relay = createRelay({});
  const output = relay.createReadStream();
  const transforms = [
    async function* (messages: AsyncIterable<never>) {
      yield* messages;
    },
    () => (message: never) => message,
    ...[filter({}), log({ to: process.stdout }), rate({ lines: 1 }), replace({ pattern: /a/ }), timestamp()],
  ].map((factory) => instantiate(factory as never, { id: 0 }));
  const streams = [splitLines(100, 64 * 1024), escapeControls(), ...transforms] as Duplex[];
  const seen = streams.map((stream) => [
    ...[stream.readableHighWaterMark, stream.writableHighWaterMark],
    ...[stream.readableObjectMode, stream.writableObjectMode, stream.allowHalfOpen, stream.readableEncoding],
  ]);
  const all = [output.readableHighWaterMark, output.readableObjectMode, output.readableEncoding, ...seen];
  for (const stream of streams) stream.destroy();
  afterwards(() => relay.close(0));
  return all;
}

/** A command with a transform whose dependency leaves these on Object.prototype. */
async function withHostile(code: string, args: string[] = []): Promise<Server> {
  const cwd = await folder({
    'node_modules/hostile/package.json': '{ "name": "hostile", "main": "index.js" }',
    'node_modules/hostile/index.js': code,
    'shout.mjs': `import 'hostile';
      export default (message) => message.kind === 'line' ? { ...message, text: message.text.toUpperCase() } : message;`,
  });
  return startServer({ command: within(cwd), args: ['-t', './shout.mjs', ...args] });
}

describe('security: what somebody leaves on Object.prototype', () => {
  for (const name of ['highWaterMark', 'readableHighWaterMark', 'writableHighWaterMark']) {
    for (const value of [0, 1, 1e9]) {
      it(`does not change the limits of our streams: ${name} ${value}`, () => {
        const before = limits();
        expect(polluted(name, value, limits)).to.deep.equal(before);
      });
    }
  }

  for (const name of ['objectMode', 'readableObjectMode', 'writableObjectMode']) {
    it(`does not change what our streams count: ${name}`, () => {
      const before = limits();
      expect(polluted(name, true, limits)).to.deep.equal(before);
    });
  }

  for (const [name, value] of Object.entries({
    ...{
      transforms: [() => null],
      onTransformError: 'bypass',
      maxLine: 1,
      memory: 0,
      spillDir: '/',
      spillLimit: 0,
    },
    ...{
      window: 1,
      grace: 0,
      maxClients: 1,
      signal: AbortSignal.abort(),
      segmentSize: 16,
      world: { clock: 1 },
    },
  })) {
    it(`is no option of a relay: ${name}`, () => {
      const before = checkOptions({});
      expect(polluted(name, value, () => checkOptions({}))).to.deep.equal(before);
    });
  }

  it('is no option of a transform', () => {
    const made = [
      polluted('drop', '[', () => filter({})),
      polluted('with', 1, () => replace({ pattern: /a/ })),
      polluted('now', 1, () => timestamp()),
      polluted('excess', 'x', () => rate({ lines: 1 })),
      polluted('to', '/', () => log({ to: process.stderr })),
    ];
    expect(made.map((factory) => typeof factory)).to.deep.equal(made.map(() => 'function'));
  });

  it('does not have a command listen elsewhere, write elsewhere, leave out anybody, or take more or less', async () => {
    const names = {
      ...{ highWaterMark: 1, readableHighWaterMark: 1e9, writableHighWaterMark: 1e9, pauseOnConnect: true },
      ...{
        host: '0.0.0.0',
        port: 1,
        path: '/dev/null',
        fd: 0,
        _handle: {},
        ipv6Only: true,
        backlog: 1,
        exclusive: 1,
      },
      ...{
        audit: { path: 'audit' },
        format: 'json',
        silent: true,
        owner: 0,
        most: 1,
        size: 7,
        amid: true,
        notes: 1,
      },
      ...{
        maxLine: 1,
        memory: 0,
        window: 1,
        grace: 0,
        maxClients: 1,
        segmentSize: 16,
        spillDir: '/',
        recursive: true,
      },
    };
    const server = await withHostile(`Object.assign(Object.prototype, ${JSON.stringify(names)});`);
    const a = await arrive(server);
    const b = await arrive(server, 1, a);
    await b.send('hello\n');
    b.end();
    await b.ended;
    await a.send('bye\n');
    await a.hears(arrived(1), said(1, 'HELLO'), left(1));
    a.end();
    await a.ended;
    await server.stop();
    const all = [arrived(0), arrived(1), said(1, 'HELLO'), left(1), said(0, 'BYE'), left(0)].join('');
    expect(server.stdout.text).to.equal(all);
    expect(server.stderr.text).to.equal('');
  });

  it('does not have a sender be read into memory that is to wait', async function () {
    if (!HAS_PROC) this.skip();
    const args = ['--memory', '1M', '--spill-limit', '8M'];
    const server = await withHostile('Object.prototype.highWaterMark = 1e9;', args);
    await stoppedReaders(server, 1);
    const before = resident(server, 'VmRSS');
    const a = await arrive(server);
    const taken = pour(a, 160 * MIB);
    await server.stderr.until('senders wait');
    await eventually('the disk to be used up', () => spilled(server) > 6 * MIB);
    // It takes no more, but for what the kernel and each stream hold.
    let last = -1;
    let looks = 0;
    await eventually('the sender to wait, or all to be taken', () => {
      looks = taken() === last ? looks + 1 : 0;
      last = taken();
      return looks > 100 || last === 160 * MIB;
    });
    expect(last, 'bytes taken').to.be.below(60 * MIB);
    expect(resident(server, 'VmRSS') - before).to.be.below(120 * MIB);
  });

  it('is none where a transform copies carelessly what a client has sent: it harms that client alone', async () => {
    const cwd = await folder({
      'merge.mjs': `
        const merge = (to, from) => {
          for (const key in from) {
            if (typeof from[key] === 'object') merge(to[key] ??= {}, from[key]);
            else to[key] = from[key];
          }
          return to;
        };
        export default (message) => {
          if (message.kind === 'line' && message.text.startsWith('{')) merge({}, JSON.parse(message.text));
          return message;
        };`,
    });
    const server = await startServer({ command: within(cwd), args: ['-t', './merge.mjs'] });
    const a = await arrive(server);
    const b = await arrive(server, 1, a);
    await b.send('{"__proto__": {"highWaterMark": "x", "objectMode": true}}\n');
    await b.ended;
    const c = await arrive(server, 2, a);
    await c.send('hello\n');
    await a.hears(arrived(1), left(1), arrived(2), said(2, 'hello'));
    expect(server.stderr.text).to.match(/client 1: .*highWaterMark/);
  });

  it('does not become an option of what loads transforms', async () => {
    const index = JSON.stringify(new URL('../../lib/index.js', import.meta.url).href);
    const script = `
      import { loadTransforms } from ${index};
      Object.assign(Object.prototype, { cwd: '/', patience: 0, shell: '/bin/false', timeout: 1, options: { drop: '[' } });
      const made = await loadTransforms(['filter', 'escape']);
      console.log(made.length);`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect(printed).to.equal('2\n');
  });
});

/** Writes as fast as the server takes it; gives how much the kernel has taken. */
function pour(client: Client, bytes: number): () => number {
  const line = Buffer.from(`${'x'.repeat(65_535)}\n`);
  let taken = 0;
  const next = (error?: Error | null): void => {
    if (error) return;
    taken += line.length;
    if (taken < bytes) client.socket.write(line, next);
  };
  client.socket.write(line, next);
  return () => taken;
}
