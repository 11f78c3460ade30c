import { pipeSink } from './pipe-sink.js';
import type { Sink, SinkOptions } from './sink.js';

/** How often a FIFO without a reader is tried again, in ms. */
const POLL_INTERVAL_MS = 200;

/**
 * Writes to a FIFO that has no reader yet: the first write waits until a process opens it for reading.
 *
 * @param open opens the FIFO for writing without blocking; rejects with ENXIO while it has no reader
 */
export function fifoSink(open: () => Promise<number>, { onRetry, onRecovered }: SinkOptions): Sink {
  let pipe: Sink | null = null;
  let failure: Error | null = null;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let waiting: Parameters<Sink['write']> | null = null;
  const poll = (): void => {
    open().then(onOpen, (error: NodeJS.ErrnoException) => {
      if (isClosed) return;
      if (error.code === 'ENXIO') timer = setTimeout(poll, POLL_INTERVAL_MS).unref();
      else {
        failure = error;
        takeWaiting()?.[1](error);
      }
    });
  };
  const onOpen = (fd: number): void => {
    pipe = pipeSink(fd);
    if (isClosed) void pipe.destroy();
    const write = takeWaiting();
    if (isClosed || write === null) return;
    onRecovered?.();
    pipe.write(...write);
  };
  const takeWaiting = (): typeof waiting => {
    const taken = waiting;
    waiting = null;
    return taken;
  };
  poll();
  return {
    get isRetrying() {
      return waiting !== null;
    },
    write(chunks, done) {
      if (pipe !== null) pipe.write(chunks, done);
      else if (failure !== null) done(failure);
      else {
        waiting = [chunks, done];
        onRetry?.(new Error('the FIFO has no reader'));
      }
    },
    async end(last) {
      if (pipe !== null) await pipe.end(last);
      else {
        await this.destroy();
        if (last !== undefined) throw new Error('the FIFO has no reader');
      }
    },
    async destroy() {
      isClosed = true;
      clearTimeout(timer);
      return (await pipe?.destroy()) ?? 0;
    },
  };
}
