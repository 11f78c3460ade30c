import { pipeSink } from './pipe-sink.js';
import type { Sink, SinkOptions } from './sink.js';

/** How often it is looked whether somebody has come to read, in ms. */
const LOOK = 200;

/** A FIFO that nobody reads yet: what is to be written waits until somebody does. */
export function fifoSink(
  open: () => Promise<number>,
  { onRetry: stuck, onRecovered: went }: SinkOptions,
): Sink {
  let sink: Sink | null = null;
  let timer: NodeJS.Timeout | undefined;
  let gone = false;
  let waiting: Parameters<Sink['write']> | null = null;
  const look = (): void => {
    open().then(opened, (error: NodeJS.ErrnoException) => {
      if (gone) return;
      // open(2): ENXIO is what a FIFO without a reader answers.
      if (error.code === 'ENXIO') timer = setTimeout(look, LOOK).unref();
      else waiting?.[1](error);
    });
  };
  const opened = (fd: number): void => {
    sink = pipeSink(fd);
    if (gone) {
      sink.destroy();
      return;
    }
    if (waiting === null) return;
    went?.();
    sink.write(...waiting);
  };
  const destroy = (): void => {
    gone = true;
    clearTimeout(timer);
    sink?.destroy();
  };
  look();
  return {
    maxBytes: undefined,
    write(chunks, done) {
      if (sink !== null) {
        sink.write(chunks, done);
        return;
      }
      waiting = [chunks, done];
      stuck?.(new Error('nobody reads it'));
    },
    end: async () => (sink === null ? destroy() : await sink.end()),
    destroy,
  };
}
