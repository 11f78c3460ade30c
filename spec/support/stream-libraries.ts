import { createRequire } from 'node:module';
import { type Duplex, PassThrough } from 'node:stream';
import type { Message } from '../../lib/index.js';

const require = createRequire(import.meta.url);

/** A stream of another library, with the part of its interface that all of them have. */
export type Stream = Duplex;

type Options = Record<string, unknown>;
type Change = (message: Message) => Message | undefined;
type Callback = (error?: Error | null, message?: unknown) => void;
/** A function that makes streams, with or without `new`, and its variants. */
interface Maker {
  (...args: unknown[]): Stream;
  new (...args: unknown[]): Stream;
  obj(...args: unknown[]): Stream;
  ctor(...args: unknown[]): Maker;
}
interface ReadableStreamPackage {
  readonly Readable: Maker;
  readonly Writable: Maker;
  readonly Duplex: Maker;
  readonly Transform: Maker;
  readonly PassThrough: Maker;
}

export const readableStreams = {
  2: require('readable-stream-2') as ReadableStreamPackage,
  3: require('readable-stream-3') as ReadableStreamPackage,
  4: require('readable-stream-4') as ReadableStreamPackage,
} as const;
export const through2s = {
  2: require('through2-2') as Maker,
  3: require('through2-3') as Maker,
  4: require('through2-4') as Maker,
} as const;
export const streamx = require('streamx') as ReadableStreamPackage;
export const duplexify = require('duplexify') as Maker;
export const pumpify = require('pumpify') as Maker;
export const mississippi = require('mississippi') as {
  through: Maker;
  duplex: Maker;
  pipeline: Maker;
  pipe: Maker;
};

/** Makes transforms that apply a function to each message, in every way of every library. */
export const transformMakers: Record<string, (change: Change) => Stream> = {};
for (const [version, through2] of Object.entries(through2s)) {
  const name = `through2 ${version}`;
  transformMakers[`${name}, .obj()`] = (change) => through2.obj(classic(change));
  transformMakers[`${name}, objectMode: true`] = (change) => through2({ objectMode: true }, classic(change));
  transformMakers[`${name}, .ctor()`] = (change) =>
    new (through2.ctor({ objectMode: true }, classic(change)))();
}
for (const [version, { Transform, Duplex }] of Object.entries(readableStreams)) {
  const name = `readable-stream ${version}`;
  transformMakers[`${name}, Transform`] = (change) =>
    new Transform({ objectMode: true, transform: classic(change) });
  transformMakers[`${name}, a subclass of Transform`] = (change) => {
    class Changing extends Transform {
      _transform = classic(change);
    }
    return new Changing({ objectMode: true });
  };
  transformMakers[`${name}, Duplex`] = (change) =>
    new Duplex({
      objectMode: true,
      read() {},
      write(this: Stream, message: Message, _encoding: string, done: Callback) {
        const changed = change(message);
        if (changed !== undefined) this.push(changed);
        done();
      },
    } satisfies Options).once('finish', function (this: Stream) {
      this.push(null);
    });
}
transformMakers['streamx, Transform'] = (change) =>
  new streamx.Transform({ transform: (message: Message, done: Callback) => done(null, change(message)) });
transformMakers['streamx, a subclass of Transform'] = (change) => {
  class Changing extends streamx.Transform {
    _transform(message: Message, done: unknown): void {
      const changed = change(message);
      if (changed !== undefined) this.push(changed);
      (done as Callback)(null);
    }
  }
  return new Changing();
};
transformMakers.duplexify = (change) => {
  const inner = through2s[4].obj(classic(change));
  return duplexify.obj(inner, inner);
};
transformMakers.pumpify = (change) => pumpify.obj(through2s[4].obj(), through2s[4].obj(classic(change)));
transformMakers['mississippi, through'] = (change) => mississippi.through.obj(classic(change));
transformMakers['mississippi, pipeline'] = (change) =>
  mississippi.pipeline.obj(mississippi.through.obj(), mississippi.through.obj(classic(change)));

function classic(change: Change) {
  return (message: Message, _encoding: string, done: Callback): void => done(null, change(message));
}

/** A Duplex of bytes of some library, over a pair of Node's streams at which a spec is its peer. */
export interface Connection {
  /** Bytes from the peer. */
  readonly input: PassThrough;
  /** Bytes to the peer. */
  readonly output: PassThrough;
  readonly duplex: Stream;
}

/** Makes byte streams, in every library. */
export const connectionMakers: Record<string, () => Connection> = {
  'readable-stream 2': () => connectWith(readableStreams[2].Duplex),
  'readable-stream 3': () => connectWith(readableStreams[3].Duplex),
  'readable-stream 4': () => connectWith(readableStreams[4].Duplex),
  streamx: () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const duplex = new streamx.Duplex({
      write(chunk: Buffer, done: Callback) {
        output.write(chunk, (error) => done(error));
      },
      final(done: Callback) {
        output.end();
        done(null);
      },
    });
    input.on('data', (chunk: Buffer) => duplex.push(chunk));
    input.on('end', () => duplex.push(null));
    return { input, output, duplex };
  },
  duplexify: () => over((input, output) => duplexify(output, input)),
  'mississippi.duplex': () => over((input, output) => mississippi.duplex(output, input)),
};

function over(make: (input: PassThrough, output: PassThrough) => Stream): Connection {
  const [input, output] = [new PassThrough(), new PassThrough()];
  return { input, output, duplex: make(input, output) };
}

function connectWith(DuplexOf: Maker): Connection {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const duplex = new DuplexOf({
    read: () => void input.resume(),
    write(chunk: Buffer, _encoding: string, done: Callback) {
      output.write(chunk, done);
    },
  } satisfies Options);
  duplex.once('finish', () => output.end());
  input.on('data', (chunk: Buffer) => {
    if (!duplex.push(chunk)) input.pause();
  });
  input.on('end', () => duplex.push(null));
  return { input, output, duplex };
}
