import { createWebSocketStream, type WebSocket } from 'ws';
import type { Relay } from '../../lib/relay/relay.js';
import type { MiniServError } from '../../lib/util/errors.js';
import { GOING_AWAY, INTERNAL_ERROR, TOO_BIG } from './close-codes.js';

/** Makes WebSockets clients of a relay. */
export class BrowserClients {
  /** Set when the relay begins to close. */
  isClosing = false;
  readonly #relay: Relay;
  /** By the id of the client. Called with the reason why it has left, if there is one. */
  readonly #onLeft = new Map<number, (reason?: Error) => void>();

  constructor(relay: Relay) {
    this.#relay = relay;
    relay.on('left', (id, reason) => this.#onLeft.get(id)?.(reason));
  }

  add(socket: WebSocket): void {
    let failureCode = INTERNAL_ERROR;
    const stream = createWebSocketStream(socket);
    // The stream of ws would close without a code, and would not notice that the socket is closed already.
    stream._final = (callback) => {
      // The event `left`, which has the reason, follows in the same turn.
      process.nextTick(() => {
        if (socket.readyState === socket.CLOSED) callback();
        else socket.once('close', () => callback());
        socket.close(this.isClosing ? GOING_AWAY : failureCode);
      });
    };
    // The room's messages wait until the page knows its id.
    stream.cork();
    this.#relay.handle(stream).id.then(
      (id) => {
        // The page of a shared room may have closed before the engine assigned its id.
        if (socket.readyState !== socket.CLOSED) {
          this.#onLeft.set(id, (reason) => {
            if ((reason as MiniServError | undefined)?.code === 'ERR_LINE_TOO_LONG') failureCode = TOO_BIG;
          });
          socket.on('close', () => this.#onLeft.delete(id));
        }
        socket.send(JSON.stringify({ type: 'id', id }));
        stream.uncork();
      },
      // The connection was closed before it had an id.
      () => {},
    );
  }
}
