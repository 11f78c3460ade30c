import type { Socket } from 'node:net';
import type { Clock } from './clock.js';
import type { Connection } from './connection.js';
import { Failure } from './failure.js';
import type { Wait } from './inbox.js';
import { arrivedNotice, linePrefix, relayedLine } from './messages.js';
import { commonPrefixLength } from './text.js';
import type { Timeline } from './timeline.js';

/** The longest part of a wrong line that is shown. */
const MAX_SHOWN_BYTES = 200;

/** One client of the server under test. Everything that it receives must be expected, from the first byte to the last. */
export class Client {
  readonly name: string;
  /** The id that the server has announced to other clients. */
  id = -1;
  /** Whether it has received the notice of its own arrival. Only the case `own-arrival` checks this. */
  hasReceivedOwnArrival = false;
  /** Whether it has ended or reset its connection. */
  hasLeft = false;
  /** The last own line that it received back. Only the case `not-to-oneself` checks this. */
  echo: Buffer | undefined;
  readonly #connection: Connection;
  readonly #timeline: Timeline;
  readonly #clock: Clock;
  #ownArrival = Buffer.alloc(0);
  /** Own lines that may still be received back. */
  #possibleEchoes = 0;
  #toleratedNotice = Buffer.alloc(0);

  constructor(name: string, connection: Connection, timeline: Timeline, clock: Clock) {
    this.name = name;
    this.#connection = connection;
    this.#timeline = timeline;
    this.#clock = clock;
    connection.output.on('error', () => {});
  }

  /** Its socket, unless it is a process of its own. */
  get socket(): Socket {
    return this.#connection.output as Socket;
  }

  /** Received bytes that no expectation has consumed yet. */
  get pendingBytes(): number {
    return this.#connection.inbox.length;
  }

  get hasReceived(): boolean {
    return this.#connection.inbox.hasReceived;
  }

  record(action: string, bytes?: Buffer): void {
    this.#timeline.add(this.name, action, bytes);
  }

  send(bytes: string | Buffer): void {
    const sent = Buffer.from(bytes as string);
    this.record('sends', sent);
    for (let at = sent.indexOf(0x0a); at !== -1; at = sent.indexOf(0x0a, at + 1)) this.#possibleEchoes++;
    this.#connection.output.write(sent);
  }

  /** Ends its side of the connection (FIN), and can still receive. */
  end(lastBytes?: string | Buffer): void {
    if (lastBytes !== undefined) this.record('sends', Buffer.from(lastBytes as string));
    this.record('ends its connection (FIN)');
    this.hasLeft = true;
    if (lastBytes === undefined) this.#connection.output.end();
    else this.#connection.output.end(lastBytes);
  }

  /** Resets its connection (RST). */
  reset(): void {
    this.record('resets its connection (RST)');
    this.hasLeft = true;
    this.socket.resetAndDestroy();
  }

  pauseReading(): void {
    this.record('stops reading');
    this.#connection.inbox.pause();
  }

  resumeReading(): void {
    this.record('reads again');
    this.#connection.inbox.resume();
  }

  destroy(): void {
    this.hasLeft = true;
    this.#connection.input.destroy();
    this.#connection.output.destroy();
  }

  /** Closes the connection after a case. A reset does not keep the port occupied for a minute, as a FIN does. */
  discard(): void {
    const { input, output } = this.#connection;
    const isSocket = (input as unknown) === output;
    if (isSocket && !output.writableEnded) this.socket.resetAndDestroy();
    else this.destroy();
  }

  /** Sets the id. From now on the notice of its own arrival is tolerated. */
  assignId(id: number): void {
    this.id = id;
    this.#ownArrival = Buffer.from(arrivedNotice(id));
  }

  /** Tolerates this notice once, whenever it is received: another case checks it. */
  tolerateOnce(notice: string): void {
    this.#toleratedNotice = Buffer.from(notice);
  }

  /** Waits until this many bytes are pending; returns whether they are. */
  async receivesBytes(length: number): Promise<boolean> {
    return (await this.#waitForMore(length - 1)) === 'more';
  }

  /** Expects exactly these bytes next. */
  async expect(...parts: (string | Buffer)[]): Promise<void> {
    const expected = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
    const { inbox } = this.#connection;
    this.record('receives', expected);
    await this.#skipTolerated();
    let at = 0;
    while (at < expected.length) {
      const wait = await this.#waitForMore(0);
      if (wait !== 'more') throw this.failure(expected, expected.subarray(0, at), wait);
      const chunk = inbox.peek();
      const length = Math.min(chunk.length, expected.length - at);
      const equal = commonPrefixLength(chunk.subarray(0, length), expected.subarray(at, at + length));
      inbox.drop(equal);
      at += equal;
      if (equal < length) {
        const { line } = await inbox.peekLine(MAX_SHOWN_BYTES);
        throw this.failure(expected, Buffer.concat([expected.subarray(0, at), line]));
      }
    }
  }

  /** Reads the next line with its newline, for the caller to check. `expected` is for the report only. */
  async readLine(expected: Buffer): Promise<Buffer> {
    await this.#skipTolerated();
    const { inbox } = this.#connection;
    const { line, wait } = await inbox.peekLine(MAX_SHOWN_BYTES);
    if (wait !== 'more') throw this.failure(expected, line, wait);
    inbox.drop(line.length);
    return line;
  }

  /** Waits for the next line, of at most this length, and removes it. Unlike {@link readLine}, it tolerates nothing. */
  async takeLine(maxBytes: number): Promise<{ line: Buffer; wait: Wait }> {
    const { inbox } = this.#connection;
    const taken = await inbox.peekLine(maxBytes);
    inbox.drop(taken.line.length);
    return taken;
  }

  /** Expects these lines of a client, once and in order. Other cases check their prefixes. */
  async expectTexts(id: number, texts: readonly string[]): Promise<void> {
    this.record(`receives each of the ${texts.length.toLocaleString('en')} lines`);
    const prefix = Buffer.from(linePrefix(id));
    for (const text of texts) {
      const expected = Buffer.from(relayedLine(id, text));
      const line = await this.readLine(expected);
      const hasPrefix = line.subarray(0, prefix.length).equals(prefix);
      const rest = hasPrefix ? line.subarray(prefix.length) : line;
      if (!rest.equals(expected.subarray(prefix.length))) throw this.failure(expected, line);
    }
  }

  /** Expects the server to end the connection, and nothing before that. */
  async expectEnd(): Promise<void> {
    this.record('is disconnected after its FIN');
    await this.#skipTolerated();
    const wait = await this.#waitForMore(0);
    if (wait === 'more') {
      const { line } = await this.#connection.inbox.peekLine(MAX_SHOWN_BYTES);
      throw this.failure(Buffer.alloc(0), line);
    }
    if (wait === 'timeout') {
      throw new Failure({
        what: `${this.name} has left, but its connection is still open after ${this.#clock.timeoutMs} ms`,
        isTimeout: true,
      });
    }
  }

  /** Skips everything before this text. Other cases check the skipped part. */
  async skipTo(text: string): Promise<void> {
    const expected = Buffer.from(text);
    this.record('receives', expected);
    while (!(await this.readLine(expected)).subarray(-expected.length).equals(expected));
  }

  /** Waits for the end of its connection or for the timeout; neither is a failure. */
  async waitForEnd(): Promise<void> {
    while ((await this.#waitForMore(this.pendingBytes)) === 'more');
  }

  /** Returns the failure of an expectation, with the reason why nothing more was received. */
  failure(expected: Buffer, received: Buffer, wait: Wait = 'more'): Failure {
    const end = {
      more: undefined,
      timeout: `nothing more within ${this.#clock.timeoutMs} ms`,
      closed: 'the server closed the connection',
    }[wait];
    return new Failure({
      what: `${this.name} did not receive what it should have received`,
      expected: Buffer.from(expected),
      received: Buffer.from(received),
      ...(end !== undefined && { end }),
      ...(wait === 'closed' && { isClosed: true }),
      ...(wait === 'timeout' && { isTimeout: true }),
    });
  }

  #waitForMore(length: number): Promise<Wait> {
    return this.#connection.inbox.waitForMore(length);
  }

  async #skipTolerated(): Promise<void> {
    const { inbox } = this.#connection;
    const ownArrival = this.#ownArrival;
    this.#ownArrival = Buffer.alloc(0);
    if (await inbox.skip(ownArrival)) this.hasReceivedOwnArrival = true;
    if (await inbox.skip(this.#toleratedNotice)) this.#toleratedNotice = Buffer.alloc(0);
    await this.#skipEchoes();
  }

  async #skipEchoes(): Promise<void> {
    const { inbox } = this.#connection;
    const prefix = Buffer.from(linePrefix(this.id));
    while (this.#possibleEchoes > 0 && (await inbox.skip(prefix))) {
      this.#possibleEchoes--;
      let { line } = await inbox.peekLine(MAX_SHOWN_BYTES);
      this.echo = Buffer.concat([prefix, line]);
      inbox.drop(line.length);
      while (line.length > 0 && line.at(-1) !== 0x0a) {
        ({ line } = await inbox.peekLine(MAX_SHOWN_BYTES));
        inbox.drop(line.length);
      }
    }
  }
}
