import { type Duplex, duplexPair } from 'node:stream';
import { type ClientHandle, createRelay, type Relay, type RelayOptions } from '../../lib/index.js';
import { addCleanup } from './cleanup.js';
import { fakeEnvironment } from './fake-environment.js';
import { type Condition, Inbox } from './inbox.js';
import { within } from './waiting.js';

/** A relay in this process. It is closed after the test. */
export function createTestRelay(options: RelayOptions = {}): Relay {
  const relay = createRelay(options);
  addCleanup(() => within(relay.close(0), 'the end of the relay'));
  return relay;
}

/** A relay with four segments of 256 bytes in memory, and a fake disk. */
export function createSmallRelay(options: RelayOptions = {}) {
  const environment = fakeEnvironment();
  const small = { segmentBytes: 256, memoryBytes: 1024, spillDir: '/spill', environment };
  return { relay: createTestRelay({ ...small, ...options }), environment };
}

/** A client in this process: one end of a pair of Duplexes, of which the relay holds the other. */
export class Member {
  readonly handle: ClientHandle;
  readonly inbox = new Inbox();
  readonly near: Duplex;
  /** The end that the relay holds: its error or end is a broken connection. */
  readonly far: Duplex;
  /** The relay has ended its side in good order. */
  readonly ended: Promise<void>;
  #id: number | undefined;

  constructor(relay: Relay, [near, far]: [Duplex, Duplex] = duplexPair()) {
    this.near = near;
    this.far = far;
    near.on('data', (chunk: Buffer) => this.inbox.push(chunk));
    this.ended = new Promise((resolve) => near.once('end', resolve));
    near.once('end', () => this.inbox.finish());
    near.on('error', () => {});
    this.handle = relay.handle(far);
    this.handle.id.then(
      (id) => {
        this.#id = id;
      },
      () => {},
    );
    addCleanup(() => void near.destroy());
  }

  /** Known once `handle.id` is: `join` has waited for it. */
  get id(): number {
    if (this.#id === undefined) throw new Error('the id is not known yet: await member.handle.id');
    return this.#id;
  }

  get received(): string {
    return this.inbox.text;
  }

  send(bytes: string | Uint8Array): void {
    this.near.write(bytes);
  }

  /** Sends FIN. The client still receives. */
  end(): void {
    this.near.end();
  }

  /** Stops reading, so that the buffers fill up. */
  pause(): void {
    this.near.pause();
  }

  resume(): void {
    this.near.resume();
  }

  until(condition: Condition): Promise<void> {
    return this.inbox.until(condition);
  }

  /** Fails unless these are all bytes that the client has received. */
  receives(...parts: (string | Buffer)[]): Promise<void> {
    return this.inbox.exactly(Buffer.concat(parts.map((part) => Buffer.from(part))));
  }
}

/** Adds a client and waits until it has joined. */
export async function join(relay: Relay, pair?: [Duplex, Duplex]): Promise<Member> {
  const seen = new Set<number>();
  let look = (): void => {};
  const note = (id: number): void => {
    seen.add(id);
    look();
  };
  relay.on('joined', note);
  const member = new Member(relay, pair);
  const id = await within(member.handle.id, 'the id of a client');
  const arrived = new Promise<void>((resolve) => {
    look = () => {
      if (seen.has(id)) resolve();
    };
    look();
  });
  await within(arrived, `client ${id}`);
  relay.off('joined', note);
  return member;
}

/** Records the events of a relay, one per line: `joined 0`, `line 0 text`, `left 0`, `warning ERR_TRANSFORM 0`, … */
export function recordEvents(relay: Relay): Inbox {
  const inbox = new Inbox();
  const note = (...words: unknown[]): void => inbox.push(Buffer.from(`${words.join(' ')}\n`));
  relay.on('joined', (id) => note('joined', id));
  relay.on('line', (id, text) => note('line', id, text));
  relay.on('left', (id, reason) => note('left', id, ...(reason === undefined ? [] : [reason.message])));
  relay.on('warning', ({ code, client }) => note('warning', code, ...(client === undefined ? [] : [client])));
  relay.on('refused', (total) => note('refused', total));
  relay.on('close', () => note('close'));
  return inbox;
}
