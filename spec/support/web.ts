import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { openWeb, type WebOptions } from '../../bin/web/web.js';
import type { RelayOptions } from '../../lib/index.js';
import { addCleanup } from './cleanup.js';
import type { Server } from './command.js';
import { Inbox } from './inbox.js';
import { createTestRelay } from './room.js';
import { within } from './waiting.js';

/** The web port of a relay. */
export interface WebPort {
  readonly port: number;
  readonly token: string;
}

/** Opens a web port in this process, for a relay of its own. */
export async function openTestWeb(options: RelayOptions = {}, web: Partial<WebOptions> = {}) {
  const relay = createTestRelay(options);
  const introduce = () => ({ port: 4242, room: null, maxLineBytes: 1024 * 1024 });
  const server = await openWeb({ relay, port: 0, maxConnections: 100, introduce, ...web });
  addCleanup(async () => {
    await relay.close(0);
    await within(server.close(), 'the end of the web port');
  });
  return { ...webPortOf(server.url), relay, server };
}

/** Waits for the address of the page, which a command prints. */
export async function webPortOfCommand({ stderr }: Server): Promise<WebPort> {
  await stderr.until(/* the token is the end of the line */ (bytes) => /#[\w-]{43}\n/.test(bytes.toString()));
  return webPortOf(stderr.text);
}

function webPortOf(text: string): WebPort {
  const [, port, token = ''] = /http:\/\/127\.0\.0\.1:(\d+)\/#([\w-]{43})/.exec(text) ?? [];
  return { port: Number(port), token };
}

/** A connection to a web port over which a spec sends any bytes. */
export interface RawConnection {
  readonly socket: Socket;
  readonly inbox: Inbox;
  readonly closed: Promise<void>;
}

export function openRaw({ port }: WebPort, bytes: string | Buffer = ''): RawConnection {
  const socket = connect(port, '127.0.0.1');
  const inbox = new Inbox();
  socket.on('data', (chunk) => inbox.push(chunk)).on('error', () => {});
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      inbox.finish();
      resolve();
    });
  });
  addCleanup(async () => {
    socket.destroy();
    await within(closed, 'the close of a connection');
  });
  if (bytes.length > 0) socket.write(bytes);
  return { socket, inbox, closed };
}

/** Sends bytes, and returns everything that the server answers until it closes the connection. */
export async function exchange(web: WebPort, bytes: string | Buffer): Promise<string> {
  const { inbox, closed } = openRaw(web, bytes);
  await within(closed, 'the end of a response');
  return inbox.text;
}

/** Returns an HTTP request. Headers that are undefined are left out. */
export function requestText(
  { port }: WebPort,
  line: string,
  headers: Readonly<Record<string, string | undefined>> = {},
): string {
  const all = Object.entries({ Host: `127.0.0.1:${port}`, ...headers });
  const lines = all.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return `${[`${line} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`;
}

/** Returns a request for a WebSocket as the page sends it. Headers that are undefined are left out. */
export function upgradeText(
  web: WebPort,
  path: string,
  headers: Readonly<Record<string, string | undefined>> = {},
): string {
  return requestText(web, `GET ${path}`, {
    Origin: `http://127.0.0.1:${web.port}`,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol': `mini-serv, ${web.token}`,
    ...headers,
  });
}

/** Returns a masked frame, with a mask that changes nothing. */
export function frame(opcode: number, payload: string | Buffer, { isLast = true } = {}): Buffer {
  const bytes = Buffer.from(payload);
  const head = Buffer.from([(isLast ? 0x80 : 0) | opcode, 0x80 | Math.min(bytes.length, 126)]);
  const length = Buffer.alloc(bytes.length < 126 ? 0 : 2);
  if (length.length > 0) length.writeUInt16BE(bytes.length);
  return Buffer.concat([head, length, Buffer.alloc(4), bytes]);
}

export const TEXT = 1;
export const BINARY = 2;
export const CONTINUATION = 0;
export const CLOSE = 8;
export const PING = 9;

/** A WebSocket of the page. */
export class PageSocket {
  readonly socket: WebSocket;
  /** The binary frames, joined. */
  readonly inbox = new Inbox();
  /** The text frames, each with the number of bytes that were received before it. */
  readonly frames: Record<string, unknown>[] = [];
  /** The status code with which the socket closed. */
  readonly closed: Promise<number>;
  #onFrame = (): void => {};

  constructor({ port, token }: WebPort, path: '/feed' | '/join') {
    const origin = `http://127.0.0.1:${port}`;
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, ['mini-serv', token], { origin });
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.inbox.push(data);
      else this.frames.push({ ...JSON.parse(data.toString()), after: this.inbox.length });
      this.#onFrame();
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    addCleanup(async () => {
      this.socket.terminate();
      await within(this.closed, 'the close of a WebSocket');
    });
  }

  /** Waits for a text frame of this type, and returns it. */
  async frame(type: string, holds: (frame: Record<string, unknown>) => boolean = () => true) {
    const find = () => this.frames.find((frame) => frame.type === type && holds(frame));
    const found = new Promise<void>((resolve) => {
      this.#onFrame = () => {
        if (find() !== undefined) resolve();
      };
      this.#onFrame();
    });
    await within(found, `a frame of the type ${type}`);
    return find() as Record<string, unknown>;
  }
}

/** Opens a feed, and waits until it has begun. */
export async function openFeed(web: WebPort): Promise<PageSocket> {
  const feed = new PageSocket(web, '/feed');
  await feed.frame('status');
  return feed;
}

/** Joins the room, and waits for the id. */
export async function joinAsPage(web: WebPort): Promise<PageSocket & { readonly id: number }> {
  const page = new PageSocket(web, '/join');
  const { id } = await page.frame('id');
  return Object.assign(page, { id: id as number });
}
