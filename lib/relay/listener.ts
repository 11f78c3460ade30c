import { createServer, type Server, type Socket } from 'node:net';
import { MiniServError } from '../util/errors.js';

/** The only address that a relay listens on (mini_serv's subject: "only to 127.0.0.1"). */
const HOST = '127.0.0.1';
/** Connections that the kernel holds until they are accepted; bursts beyond it wait for a SYN to be sent again. */
const BACKLOG = 4096;

export interface ListenerOptions {
  readonly onConnection: (socket: Socket) => void;
  /** Called for each connection that is refused because the limit is reached. */
  readonly onRefuse: () => void;
  readonly warn: (warning: MiniServError) => void;
}

/** The listening socket of a relay: listens once, and is closed once. */
export class Listener {
  /** Connections refused so far. */
  refused = 0;
  readonly #options: ListenerOptions;
  #server: Server | null = null;
  /** Done when a call of `listen` is, however it ended. */
  #listening: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /**
   * @param prepare done before the port is taken; gives the most connections at a time
   * @returns the port
   * @throws {MiniServError} ERR_OPTION if it is no port, ERR_STATE if it is closed or listens already
   * @throws the system's error if it cannot listen there
   */
  async listen(port: number, prepare: () => Promise<number>): Promise<number> {
    this.#check();
    if (this.#server !== null) throw new MiniServError('ERR_STATE', 'the relay listens already');
    if (!Number.isInteger(port) || port < 0 || port > 65535) {
      throw new MiniServError('ERR_OPTION', `a port is an integer from 0 to 65535, and not ${String(port)}`);
    }
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#options.onConnection(socket),
    );
    this.#server = server;
    const listening = this.#listen(server, port, prepare);
    this.#listening = listening.catch(() => {});
    try {
      await listening;
    } catch (error) {
      this.#server = null;
      throw error;
    }
    server.on('error', (cause) => {
      const message = `a connection could not be accepted: ${cause.message}`;
      this.#options.warn(new MiniServError('ERR_ACCEPT', message, { cause }));
    });
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /** Stops accepting at once; done when all connections are closed. A server that only begins to listen is waited for. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#listening;
    await new Promise<void>((resolve) => void (this.#server?.close(() => resolve()) ?? resolve()));
  }

  #check(): void {
    if (this.#closed) throw new MiniServError('ERR_STATE', 'the relay is closed');
  }

  async #listen(server: Server, port: number, prepare: () => Promise<number>): Promise<void> {
    server.maxConnections = await prepare();
    this.#check();
    server.on('drop', () => {
      this.refused++;
      this.#options.onRefuse();
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: HOST, backlog: BACKLOG }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  }
}
