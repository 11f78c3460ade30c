import { createServer, type Server, type Socket } from 'node:net';
import { MiniServError, optionError } from '../util/errors.js';

/** The only address that a relay listens on, as the subject of mini_serv requires. */
const HOST = '127.0.0.1';
/** Connections that the kernel queues. A burst of more waits a second, until its SYN is sent again. */
const ACCEPT_QUEUE_LENGTH = 4096;

export interface ListenerOptions {
  readonly onConnection: (socket: Socket) => void;
  /** Called for each connection that is refused because the limit is reached. */
  readonly onRefuse: () => void;
  readonly warn: (warning: MiniServError) => void;
}

/** A listening TCP socket that another process has opened on 127.0.0.1. */
export interface InheritedSocket {
  /** The descriptor of the socket. It is closed with the relay. */
  readonly fd: number;
}

/** The listening socket of a relay. It can be opened once and closed once. */
export class Listener {
  /** Connections refused so far. */
  refused = 0;
  readonly #options: ListenerOptions;
  #server: Server | null = null;
  /** Resolves when the current call of `listen` has ended, with success or without. */
  #listening: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /**
   * @param prepare called before the port is opened; resolves with the maximum number of connections
   * @returns the port
   * @throws {MiniServError} ERR_OPTION if the port or the inherited socket is invalid; ERR_STATE if the listener is closed
   * or listens already
   * @throws the system's error if it cannot listen there
   */
  async listen(target: number | InheritedSocket, prepare: () => Promise<number>): Promise<number> {
    this.#checkOpen();
    if (this.#server !== null) throw new MiniServError('ERR_STATE', 'the relay is already listening');
    checkTarget(target);
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#options.onConnection(socket),
    );
    this.#server = server;
    const listening = this.#open(server, target, prepare);
    this.#listening = listening.catch(() => {});
    try {
      await listening;
    } catch (error) {
      this.#server = null;
      throw error;
    }
    server.on('error', (cause) => {
      const message = `cannot accept a connection: ${cause.message}`;
      this.#options.warn(new MiniServError('ERR_ACCEPT', message, { cause }));
    });
    return (server.address() as { port: number }).port;
  }

  /** Stops accepting at once. Resolves when all connections are closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#listening;
    await new Promise<void>((resolve) => void (this.#server?.close(() => resolve()) ?? resolve()));
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new MiniServError('ERR_STATE', 'the relay is closed');
  }

  async #open(
    server: Server,
    target: number | InheritedSocket,
    prepare: () => Promise<number>,
  ): Promise<void> {
    server.maxConnections = await prepare();
    this.#checkOpen();
    server.on('drop', () => {
      this.refused++;
      this.#options.onRefuse();
    });
    const place = typeof target === 'number' ? { port: target, host: HOST } : target;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(place, ACCEPT_QUEUE_LENGTH, () => {
        server.off('error', reject);
        resolve();
      });
    });
    if (typeof target === 'number') return;
    // Connections are accepted from the next turn of the event loop on.
    const reason = refusalOf(server.address());
    if (reason === null) return;
    server.close();
    throw new MiniServError('ERR_OPTION', `fd: expected a TCP socket that listens on ${HOST}, got ${reason}`);
  }
}

function checkTarget(target: number | InheritedSocket): void {
  const [name, value, max] =
    typeof target === 'object' && target !== null ? ['fd', target.fd, 2 ** 31 - 1] : ['port', target, 65535];
  if (Number.isInteger(value) && value >= 0 && value <= max) return;
  throw optionError(name, `an integer from 0 to ${max}`, value);
}

function refusalOf(address: ReturnType<Server['address']>): string | null {
  if (address === null || typeof address === 'string') return 'a socket of another kind';
  return address.address === HOST ? null : `${address.address} port ${address.port}`;
}
