import { objectTransform } from 'through2';
import type { ClientInfo, Message, MessageTransform } from '../../lib/index.js';
import { decode } from '../../lib/protocol/message.js';

/** The transforms of a simulated room, with their expected effect. */
export interface TransformEffect {
  readonly transforms: readonly MessageTransform[];
  /** Returns the lines that others receive for the lines that a client sent, all as latin1 strings. */
  linesFor(sent: readonly string[]): readonly string[];
  /** Whether other clients get no notices. */
  readonly isMute?: boolean;
  /** Whether a transform may fail, which disconnects its client unless it is bypassed. */
  readonly mayFail?: boolean;
}

export interface FailureSetup {
  /** The number of messages before the one at which the transform fails. */
  readonly failsAt: number;
  readonly bypass: boolean;
}

/** Results that transforms hold back until the schedule releases them. */
export class HeldResults {
  readonly #results: (() => void)[] = [];
  /** Whether results are passed on at once. */
  isOpen = false;

  get size(): number {
    return this.#results.length;
  }

  hold(result: () => void): void {
    if (this.isOpen) result();
    else this.#results.push(result);
  }

  release(count: number): void {
    for (const result of this.#results.splice(0, count)) result();
  }
}

const unchanged = (sent: readonly string[]): readonly string[] => sent;
const isDropped = (line: string): boolean => line.charCodeAt(0) % 3 === 0;

function slow(held: HeldResults): MessageTransform {
  return (message: Message) => new Promise<Message>((resolve) => held.hold(() => resolve(message)));
}

function failing(failsAt: number): MessageTransform {
  const messagesLeft = new WeakMap<ClientInfo, number>();
  return (message: Message, client: ClientInfo) => {
    const left = messagesLeft.get(client) ?? failsAt;
    if (left === 0) throw new Error('simulated');
    messagesLeft.set(client, left - 1);
    return message;
  };
}

/** The kinds of transforms that a schedule may choose. */
export const TRANSFORMS = {
  none: () => ({ transforms: [], linesFor: unchanged }),
  through: () => ({
    transforms: [
      { createStream: () => objectTransform((message: Message, _encoding, done) => done(null, message)) },
    ],
    linesFor: unchanged,
  }),
  generator: () => ({
    transforms: [
      async function* (messages) {
        yield* messages;
      },
    ],
    linesFor: unchanged,
  }),
  slow: (held) => ({ transforms: [slow(held)], linesFor: unchanged }),
  drop: () => ({
    transforms: [(message: Message) => (message.kind === 'line' && isDropped(message.text) ? null : message)],
    linesFor: (sent) => sent.filter((line) => !isDropped(decode(line))),
  }),
  double: (held) => ({
    transforms: [slow(held), (message: Message) => (message.kind === 'line' ? [message, message] : message)],
    linesFor: (sent) => sent.flatMap((line) => [line, line]),
  }),
  mute: () => ({
    transforms: [(message: Message) => (message.kind === 'line' ? message : null)],
    linesFor: unchanged,
    isMute: true,
  }),
  fails: (_held, { failsAt, bypass }) => ({
    transforms: [failing(failsAt)],
    linesFor: unchanged,
    mayFail: true,
    // A client that was not announced leaves without a notice.
    isMute: failsAt === 0 && !bypass,
  }),
} satisfies Record<string, (held: HeldResults, setup: FailureSetup) => TransformEffect>;

export type TransformKind = keyof typeof TRANSFORMS;
