import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Relay } from '../../lib/relay/relay.js';
import { printMessage } from '../console.js';
import { createMetrics } from '../metrics/metrics.js';
import { readWebFiles } from '../web-files.js';
import { createAccess, SUBPROTOCOL } from './access.js';
import { BrowserClients } from './browser-clients.js';
import { GOING_AWAY } from './close-codes.js';
import { Feeds, type Introduction } from './feeds.js';
import { answerPings } from './pings.js';
import { createResponder } from './responder.js';

const HOST = '127.0.0.1';
/** Limits of one request. Requests are small, so a peer that takes longer is broken or hostile. */
const LIMITS = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 5000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1000,
};
/** How long a peer may take to read a response, in milliseconds. */
const RESPONSE_TIMEOUT_MS = 10_000;
/** How long a peer may take to read a refusal, and to close a WebSocket, in milliseconds. */
const CLOSE_TIMEOUT_MS = 2000;
/** How long a page may take to answer the close of its WebSocket when the relay has closed, in milliseconds. */
const LAST_CLOSE_TIMEOUT_MS = 100;

export interface WebOptions {
  readonly relay: Relay;
  /** From 0 to 65535; 0 selects a free port. */
  readonly port: number;
  readonly maxConnections: number;
  readonly introduce: () => Introduction;
}

/** The web server of a relay. */
export interface Web {
  /** The address of the page, with the token. */
  readonly url: string;
  /** Stops accepting connections, closes the relay, and then all connections. */
  close(): Promise<void>;
}

/** @throws the system's error if the port is not available */
export async function openWeb({ relay, port, maxConnections, introduce }: WebOptions): Promise<Web> {
  const { maxLineBytes } = introduce();
  const files = readWebFiles();
  const server = createServer({ ...LIMITS, noDelay: true, requireHostHeader: false });
  server.maxConnections = maxConnections;
  server.timeout = RESPONSE_TIMEOUT_MS;
  const openPort = await listen(server, port);
  const access = createAccess(openPort);
  const metrics = createMetrics(relay);
  const respond = createResponder({ access, files, metrics, port: openPort });
  const feeds = new Feeds(relay, introduce);
  const clients = new BrowserClients(relay);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxLineBytes + 1,
    autoPong: false,
    closeTimeout: CLOSE_TIMEOUT_MS,
    handleProtocols: () => SUBPROTOCOL,
  } as ConstructorParameters<typeof WebSocketServer>[0]);
  const routes: Record<string, (socket: WebSocket) => void> = {
    '/feed': (socket) => feeds.add(socket),
    '/join': (socket) => clients.add(socket),
  };
  server.on('request', respond);
  // Node itself would answer these requests before their host is checked, and without our headers.
  server.on('checkContinue', respond);
  server.on('checkExpectation', (request, response) => respond(request, response, 417));
  server.on('connect', (request: IncomingMessage, connection: Duplex) => {
    respond(request, responseFor(request, connection as Socket));
  });
  server.on('upgrade', (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    const add = routes[pathOf(request)];
    if (add === undefined || !access.allowsSocket(request)) {
      respond(request, responseFor(request, connection as Socket), add === undefined ? undefined : 403);
      return;
    }
    sockets.handleUpgrade(request, connection, head, (socket) => {
      answerPings(socket);
      if (clients.isClosing) socket.close(GOING_AWAY);
      else add(socket);
    });
  });
  sockets.on('wsClientError', (_error, connection, request: IncomingMessage) => {
    respond(request, responseFor(request, connection as Socket), request.method === 'GET' ? 426 : undefined);
  });
  server.on('error', ({ message }) => printMessage(`web page: cannot accept a connection: ${message}`));
  const close = async (): Promise<void> => {
    clients.isClosing = true;
    feeds.stop();
    metrics.close();
    const closed = new Promise((resolve) => server.close(resolve));
    await relay.close();
    await Promise.race([closed, delay(LAST_CLOSE_TIMEOUT_MS)]);
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://${HOST}:${openPort}/#${access.token}`, close };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => {
      server.off('error', reject);
      resolve((server.address() as { port: number }).port);
    });
  });
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] as string;
}

/** Returns a response for a request that asked to leave HTTP. Node has given up the connection at that point. */
function responseFor(request: IncomingMessage, connection: Socket): ServerResponse {
  connection.on('error', () => {});
  const response = new ServerResponse(request);
  response.assignSocket(connection);
  response.on('finish', () => {
    connection.end();
    // Unread input would turn our FIN into a RST, and the response would be lost.
    connection.resume();
    setTimeout(() => connection.destroy(), CLOSE_TIMEOUT_MS).unref();
  });
  return response;
}
