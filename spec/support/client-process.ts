import { ClientProcess } from '../../lib/conformance/client-process.js';
import { addCleanup } from './cleanup.js';
import type { Server } from './command.js';
import { type Condition, Inbox } from './inbox.js';
import { within } from './waiting.js';

/** A client in a process of its own, which can be suspended and killed. */
export interface SeparateClient {
  send(bytes: string): void;
  /** SIGSTOP: the process no longer reads, and the kernel's buffers fill. */
  suspend(): void;
  /** SIGCONT. */
  resume(): void;
  /** SIGKILL. */
  kill(): void;
  /** Resolves when the process has ended. */
  readonly closed: Promise<void>;
  until(condition: Condition): Promise<void>;
  /** Waits until everything that was received, from the first byte on, is exactly this. */
  receives(...parts: string[]): Promise<void>;
}

export function startClientProcess({ port }: Server): SeparateClient {
  const client = new ClientProcess(port);
  const inbox = new Inbox();
  client.input.on('data', (chunk: Buffer) => inbox.push(chunk)).once('close', () => inbox.finish());
  // The process may be killed while there is still something to send.
  client.output.on('error', () => {});
  addCleanup(async () => {
    client.kill('SIGKILL');
    await within(client.closed, 'the end of a client process');
  });
  return {
    send: (bytes) => void client.output.write(bytes),
    suspend: () => client.kill('SIGSTOP'),
    resume: () => client.kill('SIGCONT'),
    kill: () => client.kill('SIGKILL'),
    closed: client.closed,
    until: (condition) => inbox.until(condition),
    receives: (...parts) => inbox.exactly(Buffer.from(parts.join(''))),
  };
}
