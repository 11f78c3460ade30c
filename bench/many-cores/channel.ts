import type { Socket } from 'node:net';
import { createFrameReader } from './frames.js';

/** Output that a process may hold for another one before senders wait. */
const MAX_PENDING_BYTES = 1024 * 1024;

/** The socket between the sequencer and one writer. */
export class Channel {
  readonly socket: Socket;
  #isScheduled = false;

  constructor(socket: Socket, onFrame: (frame: Buffer) => void) {
    this.socket = socket;
    socket.on('data', createFrameReader(onFrame));
    // The process at the other end has exited, which its parent or child notices.
    socket.on('error', () => {});
  }

  get isFull(): boolean {
    return this.socket.writableLength > MAX_PENDING_BYTES;
  }

  /** Sends a frame at the end of this turn of the event loop, in one system call with all others. */
  send(frame: Buffer): void {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      this.socket.cork();
      setImmediate(() => {
        this.#isScheduled = false;
        this.socket.uncork();
      });
    }
    this.socket.write(frame);
  }
}
