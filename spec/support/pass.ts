import { once } from 'node:events';
import type { Message, MessageTransform } from '../../lib/index.js';
import { instantiate } from '../../lib/transforms/instantiate.js';

/** Passes messages through the stream of a transform for one client, and returns its output. */
export async function pass(transform: MessageTransform, messages: readonly Message[], id = 0) {
  const stream = instantiate(transform, { id });
  const output: Message[] = [];
  stream.on('data', (message: Message) => output.push(message));
  for (const message of messages) stream.write(message);
  stream.end();
  await once(stream, 'end');
  return output;
}

/** All messages of a client that sends these lines. */
export function life(lines: readonly string[], client = 0): Message[] {
  return [
    { kind: 'arrived', client },
    ...lines.map((text): Message => ({ kind: 'line', client, text })),
    { kind: 'left', client },
  ];
}

/** The texts of the lines among these messages. */
export function texts(messages: readonly Message[]): string[] {
  return messages.flatMap((message) => (message.kind === 'line' ? [message.text] : []));
}

/** The message of the error that a function throws. */
export function thrown(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('expected an error, but none was thrown');
}
