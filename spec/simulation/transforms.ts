import { objectTransform } from 'through2';
import type { ClientInfo, Message, MessageTransform } from '../../lib/index.js';
import { decode } from '../../lib/protocol/message.js';

/** What the transforms of a simulated room do to messages, and what a client's lines are behind them. */
export interface Transforming {
  readonly transforms: readonly MessageTransform[];
  /** The lines that are said of those that were sent, all as latin1 strings. */
  lines(sent: readonly string[]): readonly string[];
  /** Notices of arriving and leaving are not said. */
  readonly mute?: boolean;
  /** A client's transform may fail, which is the end of it. */
  readonly fails?: boolean;
}

/** When a transform that fails does so, and what becomes of its client then. */
export interface Failing {
  readonly failsAt: number;
  readonly bypass: boolean;
}

/** Answers that transforms hold back until the schedule lets them go. */
export class Held {
  readonly #answers: (() => void)[] = [];
  /** Nothing is held any more. */
  open = false;

  get size(): number {
    return this.#answers.length;
  }

  hold(answer: () => void): void {
    if (this.open) answer();
    else this.#answers.push(answer);
  }

  release(count: number): void {
    for (const answer of this.#answers.splice(0, count)) answer();
  }
}

const same = (sent: readonly string[]): readonly string[] => sent;
const isDropped = (line: string): boolean => line.charCodeAt(0) % 3 === 0;

function slow(held: Held): MessageTransform {
  return (message: Message) => new Promise<Message>((resolve) => held.hold(() => resolve(message)));
}

function failing(after: number): MessageTransform {
  const messagesLeft = new WeakMap<ClientInfo, number>();
  return (message: Message, client: ClientInfo) => {
    const left = messagesLeft.get(client) ?? after;
    if (left === 0) throw new Error('simulated');
    messagesLeft.set(client, left - 1);
    return message;
  };
}

/** Each kind of transform that a schedule may choose. */
export const TRANSFORMS = {
  none: () => ({ transforms: [], lines: same }),
  through: () => ({
    transforms: [
      { createStream: () => objectTransform((message: Message, _encoding, done) => done(null, message)) },
    ],
    lines: same,
  }),
  generator: () => ({
    transforms: [
      async function* (messages) {
        yield* messages;
      },
    ],
    lines: same,
  }),
  slow: (held) => ({ transforms: [slow(held)], lines: same }),
  drop: () => ({
    transforms: [(message: Message) => (message.kind === 'line' && isDropped(message.text) ? null : message)],
    lines: (sent) => sent.filter((line) => !isDropped(decode(line))),
  }),
  double: (held) => ({
    transforms: [slow(held), (message: Message) => (message.kind === 'line' ? [message, message] : message)],
    lines: (sent) => sent.flatMap((line) => [line, line]),
  }),
  mute: () => ({
    transforms: [(message: Message) => (message.kind === 'line' ? message : null)],
    lines: same,
    mute: true,
  }),
  fails: (_held, { failsAt, bypass }) => ({
    transforms: [failing(failsAt)],
    lines: same,
    fails: true,
    // Who has not been announced leaves in silence.
    mute: failsAt === 0 && !bypass,
  }),
} satisfies Record<string, (held: Held, failing: Failing) => Transforming>;

export type TransformKind = keyof typeof TRANSFORMS;
