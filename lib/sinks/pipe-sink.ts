import { Socket } from 'node:net';
import { DuplexSink } from './duplex-sink.js';
import type { Sink } from './sink.js';

/** Writes to a pipe or a socket, with `net` instead of `fs`: a full pipe would block one of libuv's few threads. */
export function pipeSink(fd: number): Sink {
  createStandardStream(fd);
  const socket = new Socket({ fd, readable: false, writable: true });
  // The callback of each write reports its error.
  socket.on('error', () => {});
  const destination = new DuplexSink(socket);
  const write: Sink['write'] = (chunks, done) => destination.send(chunks, done);
  return {
    isRetrying: false,
    write,
    async end(last) {
      if (last !== undefined) {
        await new Promise<void>((resolve, reject) =>
          write([last], (error) => (error ? reject(error) : resolve())),
        );
      }
      // Not `end`, which would shut a socket down for all processes that share it.
      await new Promise<void>((resolve) => {
        socket.once('close', () => resolve());
        socket.destroy();
      });
    },
    async destroy() {
      socket.destroy();
      return 0;
    },
  };
}

/** While a write to a descriptor waits, Node cannot create its own stream of it: the getter of the stream throws EEXIST. */
function createStandardStream(fd: number): void {
  if (fd === 1) void process.stdout;
  if (fd === 2) void process.stderr;
}
