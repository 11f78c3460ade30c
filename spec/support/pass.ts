import { once } from 'node:events';
import type { Message, MessageTransform } from '../../lib/index.js';
import { instantiate } from '../../lib/transforms/instantiate.js';

/** One client's instance of a transform, by itself: what becomes of these messages. */
export async function pass(transform: MessageTransform, messages: readonly Message[], id = 0) {
  const stage = instantiate(transform, { id });
  const given: Message[] = [];
  stage.on('data', (message: Message) => given.push(message));
  for (const message of messages) stage.write(message);
  stage.end();
  await once(stage, 'end');
  return given;
}

/** A client's whole life with these lines. */
export function life(lines: readonly string[], client = 0): Message[] {
  return [
    { kind: 'arrived', client },
    ...lines.map((text): Message => ({ kind: 'line', client, text })),
    { kind: 'left', client },
  ];
}

/** What the client says in these messages. */
export function texts(messages: readonly Message[]): string[] {
  return messages.flatMap((message) => (message.kind === 'line' ? [message.text] : []));
}

/** The message of the error that this throws. */
export function thrown(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it threw nothing');
}
