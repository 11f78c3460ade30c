import { once } from 'node:events';
import { connect as dial, type Socket } from 'node:net';
import { arrived, Client, type Ends, left, type Patience, said } from './client.js';
import { Failure, LeftOut } from './failure.js';
import { Inbox } from './inbox.js';
import { accepted, TELLS, taken } from './kernel.js';
import { Outsider } from './outsider.js';
import { eventually, within } from './patience.js';
import { type Exit, type Server, START, start } from './server.js';
import { Timeline } from './timeline.js';

/** How many times the patience for one thing a case may take as a whole. */
const CASE = 20;
/** Where the kernel does not tell what the server has read, it is given this long to read it, in ms. */
const ELSEWHERE = 50;

/** What a case is played in: one server, its clients, and all that was done. */
export class Room {
  readonly command: readonly string[];
  readonly timeline = new Timeline();
  readonly patience: Patience;
  /** Those who are connected, and have read all that they were to read, in the order of their coming. */
  readonly present: Client[] = [];
  readonly servers: Server[] = [];
  #server: Server | undefined;
  #clients: Client[] = [];
  readonly #outsiders: Outsider[] = [];
  #latest = -1;

  constructor(command: readonly string[], ms: number) {
    this.command = command;
    this.patience = { ms, deadline: performance.now() + CASE * ms };
  }

  get server(): Server {
    if (this.#server === undefined) throw new Error('no server was started');
    return this.#server;
  }

  /** Starts the server, and waits until it listens. */
  async open(options: { command?: readonly string[]; port?: number } = {}): Promise<Server> {
    const { server, state } = await start(options.command ?? this.command, this.patience.ms, options.port);
    this.servers.push(server);
    if (state === 'silent') {
      throw new Failure({
        what: `it does not listen on its port after ${START * this.patience.ms} ms`,
        late: true,
      });
    }
    if (state === 'background') {
      throw new Failure({
        what: 'it went into the background, and can neither be judged nor stopped: run it in the foreground',
      });
    }
    if (state === 'ended') {
      if (server.exit?.error !== undefined) throw server.exit.error;
      throw new Failure({ what: 'it ended before it listened on its port', broken: true });
    }
    this.#server = server;
    return server;
  }

  /** Connects, and knows nothing yet of having been accepted. */
  async connect(): Promise<Client> {
    const client = this.#add(await this.#dial());
    client.note('connects');
    return client;
  }

  /** Connects a client of whom those who are present hear; they say which number it has, if it is to have no certain one. */
  async join(id?: number): Promise<Client> {
    if (this.#server === undefined) await this.open();
    const client = await this.connect();
    await this.announced(client, id);
    return client;
  }

  /** The same, in a process of its own. */
  async joinOutsider(): Promise<{ client: Client; process: Outsider }> {
    const process = new Outsider(this.server.port);
    this.#outsiders.push(process);
    await within(process.connected, START * this.patience.ms);
    const client = this.#add(process.ends);
    client.note('connects, in a process of its own');
    await this.announced(client);
    return { client, process };
  }

  async trio(): Promise<[Client, Client, Client]> {
    return [await this.join(), await this.join(), await this.join()];
  }

  /** One client says a line in one packet, and all others hear it. */
  async say(client: Client, line: string): Promise<void> {
    client.send(`${line}\n`);
    await this.others(client, said(client.id, line));
  }

  /** A client ends its connection, and all others hear of it. */
  async leave(client: Client): Promise<void> {
    this.forget(client);
    client.end();
    await this.others(client, left(client.id));
  }

  /** Everybody else who is present hears this. One after the other, so that a report names the first. */
  async others(client: Client | undefined, ...parts: (string | Buffer)[]): Promise<void> {
    for (const other of this.present) if (other !== client) await other.hears(...parts);
  }

  /** A client that is not to hear what all hear: it has left, or it does not read. */
  forget(client: Client): void {
    const at = this.present.indexOf(client);
    if (at !== -1) this.present.splice(at, 1);
  }

  /** Waits until the server has read all that the client has sent: then what comes next is a packet of its own. */
  async taken(client: Client): Promise<void> {
    const { localPort } = client.socket;
    if (localPort === undefined) return;
    if (!TELLS) await new Promise((resolve) => setTimeout(resolve, ELSEWHERE));
    else await eventually(() => taken(this.server.port, localPort), this.patience.ms);
  }

  /** The server has taken the client: the kernel completes a connection also where nobody does. */
  async accepts(client: Client): Promise<void> {
    const { localPort } = client.socket;
    if (localPort === undefined) return;
    client.note('is accepted');
    if (await eventually(() => accepted(this.server.port, localPort) ?? true, this.patience.ms)) return;
    throw new Failure({
      what: `the connection of ${client.name} waits in the queue: the server has not called accept within ${this.patience.ms} ms`,
      late: true,
    });
  }

  /** The process under test, where its figures can be read. */
  get pid(): number {
    if (process.platform !== 'linux') throw new LeftOut('only Linux tells what a process has open and uses');
    const { pid } = this.server;
    if (pid === undefined) throw new LeftOut('the process that listens is not to be found in /proc');
    return pid;
  }

  /** How the server under test ended, if it did by itself. */
  get ended(): Exit | undefined {
    const server = this.servers.at(-1);
    return server?.stopped ? undefined : server?.exit;
  }

  /** Whether a server was started that never listened. */
  get unopened(): boolean {
    return this.#server === undefined && this.servers.length > 0;
  }

  /** Whether anybody has heard anything. */
  get heard(): boolean {
    return this.#clients.some((client) => client.heard);
  }

  quietly<T>(action: string, work: () => Promise<T>): Promise<T> {
    return this.timeline.summary(undefined, action, work);
  }

  /** Ends the server and forgets all that was done, so that the next is played from the beginning. */
  async anew(): Promise<void> {
    for (const client of this.#clients) client.abandon();
    await this.#server?.stop();
    this.#server = undefined;
    this.#clients = [];
    this.present.splice(0);
    this.timeline.steps.splice(0);
    this.#latest = -1;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.abandon();
    await Promise.all(this.servers.map((server) => server.stop()));
    await Promise.all(this.#outsiders.map((outsider) => outsider.end(this.patience.ms)));
  }

  #add(ends: Ends): Client {
    const client = new Client(nameOf(this.#clients.length), ends, this.timeline, this.patience);
    this.#clients.push(client);
    return client;
  }

  /** Those who are present hear of a client that has just connected. */
  async announced(client: Client, id?: number): Promise<void> {
    const [first, ...rest] = this.present;
    this.present.push(client);
    if (first === undefined) {
      client.forgive(++this.#latest);
      return;
    }
    const expected = Buffer.from(arrived(id ?? this.#latest + 1));
    first.note('hears', expected);
    const line = await first.line(expected);
    const [, told] = /^server: client (\d{1,9}) just arrived\n$/.exec(line.toString('latin1')) ?? [];
    if (told === undefined || (id !== undefined && Number(told) !== id))
      throw first.unexpected(expected, line);
    // Which numbers it gives is for other cases to judge, and so is with which it begins.
    if (this.#clients.length === 2 && id === undefined && Number(told) > 0) first.id = Number(told) - 1;
    this.#latest = Number(told);
    client.forgive(Number(told));
    for (const other of rest) await other.hears(arrived(Number(told)));
  }

  async #dial(): Promise<Ends> {
    const { port } = this.server;
    for (;;) {
      const { socket, ends } = dialled(port);
      const outcome = await within(
        once(socket, 'connect').then(
          () => 'connected',
          (error: NodeJS.ErrnoException) => error.code,
        ),
        this.patience.ms,
      );
      if (outcome === 'connected') {
        socket.setNoDelay();
        return ends;
      }
      socket.on('error', () => {}).destroy();
      const early = outcome === 'ECONNREFUSED' && !TELLS && this.#clients.length === 0;
      if (early && performance.now() < this.patience.deadline && this.server.exit === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        continue;
      }
      if (outcome === 'EMFILE')
        throw new LeftOut('this computer lets the kit open no more connections (ulimit -n)');
      throw new Failure({
        what: `a client cannot connect: ${outcome ?? `no answer within ${this.patience.ms} ms`}`,
        broken: true,
      });
    }
  }
}

/** As most that is read from a connection at a time, in bytes. */
const CHUNK = 64 * 1024;

/** A connection under way. One without the buffers of a stream: who does not read it, leaves all in the kernel. */
function dialled(port: number): { socket: Socket; ends: Ends } {
  let inbox: Inbox | undefined;
  const callback = (length: number, chunk: Uint8Array): boolean => {
    inbox?.push(Buffer.from(chunk.subarray(0, length)));
    return true;
  };
  const socket = dial({
    port,
    host: '127.0.0.1',
    onread: { buffer: () => Buffer.allocUnsafe(CHUNK), callback },
  });
  inbox = new Inbox(socket);
  return { socket, ends: { input: socket, output: socket, inbox } };
}

/** A, B, … Z, AA, AB, … */
function nameOf(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : nameOf(Math.floor(index / 26) - 1) + letter;
}
