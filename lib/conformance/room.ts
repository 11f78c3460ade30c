import { Client } from './client.js';
import { ClientProcess } from './client-process.js';
import { Clock } from './clock.js';
import { type Connection, openConnection } from './connection.js';
import { type Exit, Failure, Skip, Undecided } from './failure.js';
import type { Machine } from './machine.js';
import { arrivedNotice, leftNotice, relayedLine } from './messages.js';
import { HAS_PROC, hasReadFrom, isAccepted } from './proc.js';
import { type Server, START_TIMEOUTS } from './server.js';
import { startServer } from './start.js';
import { Timeline } from './timeline.js';

/** Time for a server to read a packet where the kernel does not report whether it has, in milliseconds. */
const READ_TIME_MS = 50;

/** A server under test, its clients, and the timeline of their actions. Each case gets a room of its own. */
export class Room {
  readonly command: readonly string[];
  readonly timeline = new Timeline();
  readonly clock: Clock;
  /** The clients that receive what all clients should receive, in the order of their arrival. */
  readonly receivers: Client[] = [];
  readonly servers: Server[] = [];
  #server: Server | undefined;
  #clients: Client[] = [];
  readonly #processes: ClientProcess[] = [];
  #latestId = -1;

  constructor(command: readonly string[], timeoutMs: number, machine: Machine) {
    this.command = command;
    this.clock = new Clock(timeoutMs, machine);
  }

  get server(): Server {
    if (this.#server === undefined) throw new Error('no server is running');
    return this.#server;
  }

  /** Starts the server and waits until it listens. */
  async open(options: { command?: readonly string[]; port?: number } = {}): Promise<Server> {
    const { timeoutMs } = this.clock;
    const { server, state } = await startServer(options.command ?? this.command, this.clock, options.port);
    this.servers.push(server);
    if (state === 'silent') {
      throw new Failure({
        what: `it does not listen on its port after ${START_TIMEOUTS * timeoutMs} ms`,
        isTimeout: true,
      });
    }
    if (state === 'background') {
      throw new Failure({
        what: 'it moved to the background, where the kit can neither test nor stop it: run it in the foreground',
      });
    }
    if (state === 'ended') {
      if (server.exit?.error !== undefined) throw server.exit.error;
      throw new Failure({ what: 'it ended before it listened on its port', isClosed: true, isStart: true });
    }
    this.#server = server;
    return server;
  }

  /** Connects a client, without waiting for the server to accept it. */
  async connect(): Promise<Client> {
    const canRetry = (): boolean => !HAS_PROC && this.#clients.length === 0 && this.server.exit === undefined;
    const client = this.#addClient(await openConnection(this.server.port, this.clock, canRetry));
    client.record('connects');
    return client;
  }

  /** Connects a client and expects its arrival to be announced, with any id unless one is given. */
  async join(id?: number): Promise<Client> {
    if (this.#server === undefined) await this.open();
    const client = await this.connect();
    await this.expectArrival(client, id);
    return client;
  }

  /** Like {@link join}, for a client in a process of its own. */
  async joinProcess(): Promise<{ client: Client; process: ClientProcess }> {
    const process = new ClientProcess(this.server.port);
    this.#processes.push(process);
    const connected = process.connected.then(() => true);
    if (!(await this.clock.within(connected, START_TIMEOUTS * this.clock.timeoutMs))) throw new Undecided();
    const client = this.#addClient(process.openConnection(this.clock));
    client.record('connects, in a process of its own');
    await this.expectArrival(client);
    return { client, process };
  }

  async joinThree(): Promise<[Client, Client, Client]> {
    return [await this.join(), await this.join(), await this.join()];
  }

  /** Sends a line in one packet, and expects all other receivers to receive it. */
  async sendLine(client: Client, line: string): Promise<void> {
    client.send(`${line}\n`);
    await this.expectOthers(client, relayedLine(client.id, line));
  }

  /** Ends a client's connection, and expects the notice at all others. */
  async leave(client: Client): Promise<void> {
    this.removeReceiver(client);
    client.end();
    await this.expectOthers(client, leftNotice(client.id));
  }

  /** Expects these bytes at all receivers but one. One after the other, so that the report names the first that fails. */
  async expectOthers(client: Client | undefined, ...parts: (string | Buffer)[]): Promise<void> {
    for (const other of this.receivers) if (other !== client) await other.expect(...parts);
  }

  /** Expects the notice of a client that has just connected at all receivers. */
  async expectArrival(client: Client, id?: number): Promise<void> {
    const [first, ...others] = this.receivers;
    this.receivers.push(client);
    if (first === undefined) {
      client.assignId(++this.#latestId);
      return;
    }
    const expected = Buffer.from(arrivedNotice(id ?? this.#latestId + 1));
    first.record('receives', expected);
    const line = await first.readLine(expected);
    const [, announced] = /^server: client (\d{1,9}) just arrived\n$/.exec(line.toString('latin1')) ?? [];
    if (announced === undefined || (id !== undefined && Number(announced) !== id)) {
      throw first.failure(expected, line);
    }
    // Other cases check which id is the first, and which is next.
    if (this.#clients.length === 2 && id === undefined && Number(announced) > 0) {
      first.id = Number(announced) - 1;
    }
    this.#latestId = Number(announced);
    client.assignId(Number(announced));
    for (const other of others) await other.expect(arrivedNotice(Number(announced)));
  }

  /** Excludes a client from the expectations for all: it has left, or it does not read. */
  removeReceiver(client: Client): void {
    const at = this.receivers.indexOf(client);
    if (at !== -1) this.receivers.splice(at, 1);
  }

  /** Waits until the server has read everything that the client has sent: what it sends next is a packet of its own. */
  async waitUntilRead(client: Client): Promise<void> {
    const { localPort } = client.socket;
    if (localPort === undefined) return;
    if (!HAS_PROC) await new Promise((resolve) => setTimeout(resolve, READ_TIME_MS));
    else await this.clock.eventually(() => hasReadFrom(this.server.port, localPort), this.clock.timeoutMs);
  }

  /** Expects the server to accept the client. The kernel completes a connection before that. */
  async expectAccepted(client: Client): Promise<void> {
    const { socket } = client;
    const { localPort } = socket;
    if (localPort === undefined) return;
    const { timeoutMs } = this.clock;
    client.record('is accepted');
    // A connection that the server has closed looks like one in the queue.
    const isClosed = () => socket.readableEnded || socket.destroyed;
    const isDecided = () => isClosed() || (isAccepted(this.server.port, localPort) ?? true);
    const hasDecided = await this.clock.eventually(isDecided, timeoutMs);
    if (isClosed())
      throw new Failure({ what: `the server closed the connection of ${client.name}`, isClosed: true });
    if (hasDecided) return;
    throw new Failure({
      what: `the connection of ${client.name} waits in the queue: the server has not called accept within ${timeoutMs} ms`,
      isTimeout: true,
    });
  }

  /** The process id of the server, for cases that read its memory or its descriptors. */
  get pid(): number {
    if (process.platform !== 'linux') throw new Skip('this needs /proc, which only Linux has');
    const { pid } = this.server;
    if (pid === undefined) throw new Skip('the process that listens was not found in /proc');
    return pid;
  }

  /** How the server ended, if it ended by itself. */
  get ended(): Exit | undefined {
    const server = this.servers.at(-1);
    return server?.isStopped ? undefined : server?.exit;
  }

  /** Whether servers were started, but none of them listened. */
  get hasNeverListened(): boolean {
    return this.#server === undefined && this.servers.length > 0;
  }

  get hasReceived(): boolean {
    return this.#clients.some((client) => client.hasReceived);
  }

  /** Whether no client has left. Those in processes of their own may have been killed. */
  get hasAllClients(): boolean {
    return this.#processes.length === 0 && this.#clients.every((client) => !client.hasLeft);
  }

  /** Stops the server and forgets all clients and steps, so that the case can start again. */
  async restart(): Promise<void> {
    for (const client of this.#clients) client.discard();
    await this.#server?.stop();
    this.#server = undefined;
    this.#clients = [];
    this.receivers.splice(0);
    this.timeline.steps.splice(0);
    this.#latestId = -1;
  }

  get isStopped(): boolean {
    return this.clock.isStopped;
  }

  /** Ends a case that is not needed any longer, wherever it is. */
  stop(): void {
    this.clock.stop();
  }

  async close(): Promise<void> {
    this.clock.close();
    for (const client of this.#clients) client.discard();
    await Promise.all(this.servers.map((server) => server.stop()));
    await Promise.all(this.#processes.map((process) => process.close()));
  }

  #addClient(connection: Connection): Client {
    const client = new Client(nameOf(this.#clients.length), connection, this.timeline, this.clock);
    this.#clients.push(client);
    return client;
  }
}

/** A, B, … Z, AA, AB, … */
function nameOf(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : nameOf(Math.floor(index / 26) - 1) + letter;
}
