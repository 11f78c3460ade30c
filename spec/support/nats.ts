import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addCleanup } from './cleanup.js';
import { freePort } from './ports.js';
import { eventually, within } from './waiting.js';

/** More than all rooms of a spec reserve together. They use little of it. */
const MAX_STORE_BYTES = 2 ** 40;
/** How often a server is started on another port because its port was taken. */
const PORT_ATTEMPTS = 3;

export interface NatsOptions {
  /** The text of a configuration file. */
  readonly config?: string;
  readonly jetstream?: boolean;
  /** Size limit of all streams, in bytes. */
  readonly maxStoreBytes?: number;
  /** False if the server answers only together with others that are not started yet. */
  readonly waits?: boolean;
}

/** A nats-server with a port and a folder of its own. */
export class NatsServer {
  readonly port: number;
  #options: NatsOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), 'mini-serv-nats-'));
  #store = 0;
  #rooms = 0;
  #child: ChildProcess | undefined;

  constructor(port: number, options: NatsOptions) {
    this.port = port;
    this.#options = options;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Returns the URL of a room: a new one, unless it has a name. */
  room(name = `room-${this.#rooms++}`): string {
    return `${this.url}/${name}`;
  }

  /** Starts the server, again with the same port and store, and with another configuration if there is one. */
  async start(config?: string, options: Omit<NatsOptions, 'config'> = {}): Promise<void> {
    await this.kill();
    this.#options = { ...this.#options, ...options, ...(config !== undefined && { config }) };
    const { waits = true } = this.#options;
    const file = this.#writeConfig();
    const args = ['-a', '127.0.0.1', '-p', String(this.port), '-c', file];
    const child = spawn('nats-server', args, { stdio: 'ignore' });
    this.#child = child;
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    if (waits) await eventually('a nats-server', async () => !this.isRunning || (await answers(this.port)));
    if (!this.isRunning) throw new Error(`nats-server ended at once; is port ${this.port} in use?`);
  }

  /** Lets the running server read another configuration. It does so some time later. */
  reload(config: string): void {
    this.#options = { ...this.#options, config };
    this.#writeConfig();
    this.#child?.kill('SIGHUP');
  }

  /** Starts the server with an empty store. */
  async startEmpty(): Promise<void> {
    this.#store++;
    await this.start();
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  #writeConfig(): string {
    const { jetstream = true, maxStoreBytes = MAX_STORE_BYTES, config = '' } = this.#options;
    const store = join(this.#folder, `store-${this.#store}`);
    // A server reserves the retention of each room, at most three quarters of the free space if there is no limit.
    const limits = `{ store_dir: "${store}", max_file_store: ${maxStoreBytes} }`;
    const file = join(this.#folder, 'nats.conf');
    writeFileSync(file, `${jetstream ? `jetstream ${limits}\n` : ''}${config}`);
    return file;
  }

  /** Ends the server with SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return;
    child.kill('SIGKILL');
    await within(once(child, 'exit'), 'the end of nats-server');
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Starts a server for the current test. */
export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const server = await startOnFreePort(options);
  addCleanup(() => server.remove());
  return server;
}

/** Starts one server for all tests of the current describe block. A test may kill it; the next one starts it again. */
export function useNats(options: NatsOptions = {}): () => NatsServer {
  let server: NatsServer;
  before('start nats-server', async () => {
    server = await startOnFreePort(options);
  });
  beforeEach('restart nats-server', async () => {
    if (!server.isRunning) await server.start();
  });
  after('end nats-server', () => server.remove());
  return () => server;
}

async function startOnFreePort(options: NatsOptions): Promise<NatsServer> {
  for (let attempt = 1; ; attempt++) {
    const server = new NatsServer(await freePort(), options);
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.remove();
      // Another process can take a port that was free a moment ago.
      if (attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** An empty folder, which is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mini-serv-'));
  addCleanup(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Whether a server sends the greeting of NATS. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', () => end(true));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}
