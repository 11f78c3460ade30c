import { createWebSocketStream, type WebSocket } from 'ws';
import type { Relay } from '../../lib/relay/relay.js';
import type { MiniServError } from '../../lib/util/errors.js';
import { GOING_AWAY, INTERNAL_ERROR, TOO_BIG } from './close-codes.js';

/** Makes WebSockets clients of a relay. */
export class BrowserClients {
  readonly #relay: Relay;
  /** Called when the relay has ended a client. By the id of the client. */
  readonly #onLeft = new Map<number, (reason?: Error) => void>();

  constructor(relay: Relay) {
    this.#relay = relay;
    relay.on('left', (id, reason) => this.#onLeft.get(id)?.(reason));
  }

  add(socket: WebSocket): void {
    let closeCode = GOING_AWAY;
    const stream = createWebSocketStream(socket);
    const endSocket = stream._final.bind(stream);
    // The stream of ws closes without a code. The event `left`, which has the reason, follows in the same turn.
    stream._final = (callback) => {
      process.nextTick(() => {
        socket.close(closeCode);
        endSocket(callback);
      });
    };
    // The room's messages wait until the page knows its id.
    stream.cork();
    const { id } = this.#relay.handle(stream);
    id.then(
      (id) => {
        this.#onLeft.set(id, (reason) => {
          closeCode =
            (reason as MiniServError | undefined)?.code === 'ERR_LINE_TOO_LONG' ? TOO_BIG : INTERNAL_ERROR;
        });
        socket.on('close', () => this.#onLeft.delete(id));
        socket.send(JSON.stringify({ type: 'id', id }));
        stream.uncork();
      },
      () => {},
    );
  }
}
