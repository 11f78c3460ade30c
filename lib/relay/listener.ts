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
   * @throws {MiniServError} ERR_OPTION if the port is invalid; ERR_STATE if the listener is closed or listens already
   * @throws the system's error if it cannot listen there
   */
  async listen(port: number, prepare: () => Promise<number>): Promise<number> {
    this.#checkOpen();
    if (this.#server !== null) throw new MiniServError('ERR_STATE', 'the relay is already listening');
    if (!Number.isInteger(port) || port < 0 || port > 65535) {
      throw optionError('port', 'an integer from 0 to 65535', port);
    }
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#options.onConnection(socket),
    );
    this.#server = server;
    const listening = this.#open(server, port, prepare);
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

  async #open(server: Server, port: number, prepare: () => Promise<number>): Promise<void> {
    server.maxConnections = await prepare();
    this.#checkOpen();
    server.on('drop', () => {
      this.refused++;
      this.#options.onRefuse();
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: HOST, backlog: ACCEPT_QUEUE_LENGTH }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  }
}
