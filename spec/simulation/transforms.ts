import { objectTransform } from 'through2';
import type { Message, TransformFactory } from '../../lib/index.js';
import { decode } from '../../lib/protocol/message.js';

/** What the transforms of a simulated room do to messages, and what a client's lines are behind them. */
export interface Transforming {
  readonly factories: readonly TransformFactory[];
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

function slow(held: Held): TransformFactory {
  return () => (message: Message) => new Promise<Message>((resolve) => held.hold(() => resolve(message)));
}

function failing(after: number): TransformFactory {
  return () => {
    let left = after;
    return (message: Message) => {
      if (left-- === 0) throw new Error('simulated');
      return message;
    };
  };
}

/** Each kind of transform that a schedule may choose. */
export const TRANSFORMS = {
  none: () => ({ factories: [], lines: same }),
  through: () => ({
    factories: [() => objectTransform((message: Message, _encoding, done) => done(null, message))],
    lines: same,
  }),
  generator: () => ({
    factories: [
      () =>
        async function* (messages) {
          yield* messages;
        },
    ],
    lines: same,
  }),
  slow: (held) => ({ factories: [slow(held)], lines: same }),
  drop: () => ({
    factories: [
      () => (message: Message) => (message.kind === 'line' && isDropped(message.text) ? null : message),
    ],
    lines: (sent) => sent.filter((line) => !isDropped(decode(line))),
  }),
  double: (held) => ({
    factories: [
      slow(held),
      () => (message: Message) => (message.kind === 'line' ? [message, message] : message),
    ],
    lines: (sent) => sent.flatMap((line) => [line, line]),
  }),
  mute: () => ({
    factories: [() => (message: Message) => (message.kind === 'line' ? message : null)],
    lines: same,
    mute: true,
  }),
  fails: (_held, { failsAt, bypass }) => ({
    factories: [failing(failsAt)],
    lines: same,
    fails: true,
    // Who has not been announced leaves in silence.
    mute: failsAt === 0 && !bypass,
  }),
} satisfies Record<string, (held: Held, failing: Failing) => Transforming>;

export type TransformKind = keyof typeof TRANSFORMS;
