import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterwards } from './cleanup.js';
import { freePort } from './ports.js';
import { describeWith } from './tools.js';
import { eventually, within } from './waiting.js';

/** Specs that talk to a real nats-server. */
export function describeWithNats(title: string, body: () => void): void {
  describeWith('nats-server', title, body);
}

export interface Nats {
  readonly port: number;
  readonly url: string;
  readonly store: string;
  readonly process: ChildProcess;
  /** With SIGKILL. */
  kill(): Promise<void>;
  /** The same again, on the same port with the same store, unless another is given. */
  restart(store?: string): Promise<void>;
  /** A URL of a room of its own. */
  room(name?: string): string;
}

export interface NatsOptions {
  readonly args?: readonly string[];
  /** The text of a configuration file. */
  readonly config?: string;
  readonly port?: number;
  /** Whether to wait until it answers. */
  readonly wait?: boolean;
}

/** A nats-server with JetStream, on a port and with a store of its own. */
export async function startNats({ args = [], config, port, wait = true }: NatsOptions = {}): Promise<Nats> {
  const taken = port ?? (await freePort());
  let store = scratch();
  const file = join(scratch(), 'nats.conf');
  if (config !== undefined) writeFileSync(file, config);
  let child: ChildProcess;
  let rooms = 0;
  const gone = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await within(once(child, 'exit'), 'the end of nats-server');
  };
  const start = async (): Promise<void> => {
    const more = config === undefined ? [] : ['-c', file];
    const all = ['-a', '127.0.0.1', '-p', String(taken), '-js', '-sd', store, ...more, ...args];
    child = spawn('nats-server', all, { stdio: 'ignore' });
    const abandoned = (): void => void child.kill('SIGKILL');
    process.once('exit', abandoned);
    child.once('exit', () => process.off('exit', abandoned));
    afterwards(gone);
    if (wait) await eventually('a nats-server', () => answers(taken));
  };
  await start();
  return {
    port: taken,
    url: `nats://127.0.0.1:${taken}`,
    get store() {
      return store;
    },
    get process() {
      return child;
    },
    kill: gone,
    async restart(other = store) {
      await gone();
      store = other;
      await start();
    },
    room: (name = `room-${rooms++}`) => `nats://127.0.0.1:${taken}/${name}`,
  };
}

/** An empty folder, which is removed after the test. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mini-serv-nats-'));
  afterwards(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Whether a server has said its INFO. */
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

export interface Wire {
  readonly port: number;
  /** No byte passes any more, in either direction, and nobody is told. */
  hold(): void;
  release(): void;
  /** All connections break. */
  cut(): void;
}

/** A way to a port, through this process, that can be held up. */
export async function wireTo(port: number): Promise<Wire> {
  let held = false;
  const pairs = new Set<[Socket, Socket]>();
  const pause = ([near, far]: [Socket, Socket]): void => {
    near.pause();
    far.pause();
  };
  const server = createServer((near) => {
    const far = connect({ port, host: '127.0.0.1' });
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    near.on('data', (chunk: Buffer) => far.write(chunk));
    far.on('data', (chunk: Buffer) => near.write(chunk));
    for (const [one, other] of [pair, [far, near]] as [Socket, Socket][]) {
      one.on('error', () => {});
      one.once('close', () => {
        pairs.delete(pair);
        other.destroy();
      });
    }
    if (held) pause(pair);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const [near] of pairs) near.destroy();
  };
  afterwards(async () => {
    const closed = once(server, 'close');
    server.close();
    cut();
    await within(closed, 'the end of a wire');
  });
  return {
    port: (server.address() as { port: number }).port,
    hold() {
      held = true;
      for (const pair of pairs) pause(pair);
    },
    release() {
      held = false;
      for (const [near, far] of pairs) {
        near.resume();
        far.resume();
      }
    },
    cut,
  };
}
