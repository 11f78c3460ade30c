import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { same } from './bytes.js';
import { Failure } from './failure.js';
import type { Inbox, Wait } from './inbox.js';
import type { Timeline } from './timeline.js';

/** How long to wait for something, in ms: for the next byte of it, and until when at all. */
export interface Patience {
  readonly ms: number;
  readonly deadline: number;
}

/** What a client reads from, and writes to. */
export interface Ends {
  readonly input: Readable;
  readonly output: Writable;
  /** What has come from the one. */
  readonly inbox: Inbox;
}

/** The most that is shown of a line that is not as it should be. */
const SHOWN = 200;

export const arrived = (id: number): string => `server: client ${id} just arrived\n`;
export const left = (id: number): string => `server: client ${id} just left\n`;
export const said = (id: number, line: string): string => `client ${id}: ${line}\n`;

/** One client of the server under test. What it should hear, it should hear from the first byte to the last. */
export class Client {
  readonly name: string;
  /** The number that the server has given it, as others were told. */
  id = -1;
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #inbox: Inbox;
  readonly #timeline: Timeline;
  readonly #patience: Patience;
  /** It may be told of its own arrival: only one case judges that. */
  #forgiven = Buffer.alloc(0);
  /** Whether it was told so. */
  toldOfItself = false;
  /** So many lines that it has said it may hear itself: only one case judges that. */
  #echoes = 0;
  /** The last of those that it did hear. */
  echo: Buffer | undefined;
  /** What it may be told once, whenever that is. */
  #pardoned = Buffer.alloc(0);

  constructor(name: string, { input, output, inbox }: Ends, timeline: Timeline, patience: Patience) {
    this.name = name;
    this.#input = input;
    this.#output = output;
    this.#inbox = inbox;
    this.#timeline = timeline;
    this.#patience = patience;
    output.on('error', () => {});
  }

  /** Whether its side of the connection is one of this process. */
  get #own(): boolean {
    return (this.#input as unknown) === this.#output;
  }

  /** Its side of the connection, where it is one of this process. */
  get socket(): Socket {
    return this.#output as Socket;
  }

  /** So many bytes have come that were not looked at yet. */
  get waiting(): number {
    return this.#inbox.length;
  }

  get heard(): boolean {
    return this.#inbox.heard;
  }

  note(action: string, bytes?: Buffer): void {
    this.#timeline.add(this.name, action, bytes);
  }

  send(bytes: string | Buffer): void {
    const sent = Buffer.from(bytes as string);
    this.note('sends', sent);
    for (let at = sent.indexOf(0x0a); at !== -1; at = sent.indexOf(0x0a, at + 1)) this.#echoes++;
    this.#output.write(sent);
  }

  /** FIN: no more to say, still listening. */
  end(last?: string | Buffer): void {
    if (last !== undefined) this.note('sends', Buffer.from(last as string));
    this.note('ends its connection (FIN)');
    if (last === undefined) this.#output.end();
    else this.#output.end(last);
  }

  /** RST. */
  reset(): void {
    this.note('breaks its connection off (RST)');
    this.socket.resetAndDestroy();
  }

  sleep(): void {
    this.note('reads no more');
    this.#inbox.sleep(true);
  }

  wake(): void {
    this.note('reads again');
    this.#inbox.sleep(false);
  }

  destroy(): void {
    this.#input.destroy();
    this.#output.destroy();
  }

  forgive(id: number): void {
    this.id = id;
    this.#forgiven = Buffer.from(arrived(id));
  }

  /** It may be told this once, at any time: another case judges that. */
  pardon(notice: string): void {
    this.#pardoned = Buffer.from(notice);
  }

  /** By RST where that is possible, so that no port is kept for a minute. */
  abandon(): void {
    if (this.#own && !this.#output.writableEnded) this.socket.resetAndDestroy();
    else this.destroy();
  }

  /** Waits until so many bytes have come, and gives whether they have. */
  async has(length: number): Promise<boolean> {
    return (await this.#more(length - 1)) === 'more';
  }

  /** What comes next has to be exactly this. */
  async hears(...parts: (string | Buffer)[]): Promise<void> {
    const expected = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
    this.note('hears', expected);
    await this.#forgive();
    let at = 0;
    while (at < expected.length) {
      const wait = await this.#more(0);
      if (wait !== 'more') throw this.#fail(expected, expected.subarray(0, at), wait);
      const chunk = this.#inbox.peek();
      const length = Math.min(chunk.length, expected.length - at);
      const equal = same(chunk.subarray(0, length), expected.subarray(at, at + length));
      this.#inbox.drop(equal);
      at += equal;
      if (equal < length) {
        throw this.#fail(expected, Buffer.concat([expected.subarray(0, at), await this.#restOfLine()]));
      }
    }
  }

  /** The next line, its newline included, of which the caller says what is expected; at most so many bytes. */
  async line(expected: Buffer, most = SHOWN): Promise<Buffer> {
    await this.#forgive();
    for (let length = 0; ; ) {
      const wait = await this.#more(length);
      const bytes = this.#inbox.peek(most);
      const end = bytes.indexOf(0x0a) + 1;
      if (wait !== 'more') throw this.#fail(expected, bytes, wait);
      if (end > 0 || bytes.length === most) {
        const line = Buffer.from(bytes.subarray(0, end > 0 ? end : most));
        this.#inbox.drop(line.length);
        return line;
      }
      length = this.#inbox.length;
    }
  }

  /** Lines of a client, of which this case does not judge the prefix: only that each comes, once, in its order. */
  async hearsTexts(id: number, texts: readonly string[]): Promise<void> {
    this.note(`hears each of the ${texts.length.toLocaleString('en')} lines`);
    const prefix = Buffer.from(said(id, '').slice(0, -1));
    for (const text of texts) {
      const expected = Buffer.from(said(id, text));
      const line = await this.line(expected);
      const own = line.subarray(0, prefix.length).equals(prefix) ? line.subarray(prefix.length) : line;
      if (!own.equals(expected.subarray(prefix.length))) throw this.#fail(expected, line);
    }
  }

  /** The server ends the connection, and nothing comes before that. */
  async hearsEnd(): Promise<void> {
    this.note('is disconnected, as it asked for');
    await this.#forgive();
    const wait = await this.#more(0);
    if (wait === 'more') throw this.#fail(Buffer.alloc(0), await this.#restOfLine());
    if (wait === 'late') {
      throw new Failure({
        what: `${this.name} has left, and its connection is still open after ${this.#patience.ms} ms`,
        late: true,
      });
    }
  }

  /** Skips all before this line, be it ended or not, which another case judges. */
  async skipsTo(wanted: string): Promise<void> {
    const expected = Buffer.from(wanted);
    this.note('hears', expected);
    while (!(await this.line(expected)).subarray(-expected.length).equals(expected));
  }

  /** Waits for the end of its connection, though not longer than for anything: whether it comes is not judged. */
  async over(): Promise<void> {
    while ((await this.#more(this.#inbox.length)) === 'more');
  }

  unexpected(expected: Buffer, came: Buffer): Failure {
    return this.#fail(expected, came);
  }

  #more(length: number): Promise<Wait> {
    return this.#inbox.moreThan(length, this.#patience.ms, this.#patience.deadline);
  }

  async #forgive(): Promise<void> {
    const own = this.#forgiven;
    this.#forgiven = Buffer.alloc(0);
    if (await this.#passesOver(own)) this.toldOfItself = true;
    if (await this.#passesOver(this.#pardoned)) this.#pardoned = Buffer.alloc(0);
    await this.#passesOverEchoes();
  }

  async #passesOverEchoes(): Promise<void> {
    const prefix = Buffer.from(said(this.id, '').slice(0, -1));
    while (this.#echoes > 0 && (await this.#passesOver(prefix))) {
      this.#echoes--;
      let part = await this.#restOfLine();
      this.echo = Buffer.concat([prefix, part]);
      this.#inbox.drop(part.length);
      while (part.length > 0 && part.at(-1) !== 0x0a) {
        part = await this.#restOfLine();
        this.#inbox.drop(part.length);
      }
    }
  }

  /** Whether this was what came next; then it is as if it had not. */
  async #passesOver(notice: Buffer): Promise<boolean> {
    if (notice.length === 0) return false;
    for (;;) {
      const came = this.#inbox.peek(notice.length);
      if (same(came, notice) < came.length) return false;
      if (came.length === notice.length) {
        this.#inbox.drop(notice.length);
        return true;
      }
      if ((await this.#more(this.#inbox.length)) !== 'more') return false;
    }
  }

  /** What is wrong, up to the end of its line: so that the report does not depend on what came with it. */
  async #restOfLine(): Promise<Buffer> {
    for (;;) {
      const bytes = this.#inbox.peek(SHOWN);
      const end = bytes.indexOf(0x0a) + 1;
      if (end > 0 || bytes.length === SHOWN) return Buffer.from(bytes.subarray(0, end > 0 ? end : SHOWN));
      if ((await this.#more(this.#inbox.length)) !== 'more') return Buffer.from(bytes);
    }
  }

  #fail(expected: Buffer, came: Buffer, wait?: Wait): Failure {
    const end = {
      more: undefined,
      late: `nothing more within ${this.#patience.ms} ms`,
      closed: 'the server closed the connection',
    }[wait ?? 'more'];
    return new Failure({
      what: `${this.name} did not hear what it should have heard`,
      expected: Buffer.from(expected),
      came: Buffer.from(came),
      ...(end !== undefined && { end }),
      ...(wait === 'closed' && { broken: true }),
      ...(wait === 'late' && { late: true }),
    });
  }
}
