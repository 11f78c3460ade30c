import type { JetStreamClient, JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import type { Msg } from '@nats-io/transport-node';
import { readHeader } from './headers.js';
import type { RoomNames } from './streams.js';

/** Number of records that can be restored after the engine has lost them. */
const MAX_RECORDS = 16;
const MESSAGE_ID = 'Nats-Msg-Id';
/** How long the engine may take to answer. */
export const ANSWER_TIMEOUT_MS = 2000;

export interface StreamTailOptions {
  readonly jetstream: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly names: RoomNames;
  /** When the stream was created, which identifies it. */
  readonly created: string;
  /** Sequence of the last record that counts as read. */
  readonly lastSequence: number;
}

/** Why a stream is not the one that was read before. */
export interface StreamProblem {
  readonly reason: string;
  /** Whether the stream may be there later: a server that starts does not know all its streams at once. */
  readonly isMissing: boolean;
}

/** The last records that were read from a stream, to verify after an interruption that it still contains them. */
export class StreamTail {
  readonly #options: StreamTailOptions;
  #records: { readonly sequence: number; readonly message: Msg }[] = [];

  constructor(options: StreamTailOptions) {
    this.#options = options;
  }

  push(sequence: number, message: Msg): void {
    this.#records.push({ sequence, message });
    if (this.#records.length > MAX_RECORDS) this.#records.shift();
  }

  /**
   * Verifies that the stream still contains the records that were read, and restores the ones that it lost.
   *
   * @param info the stream at present; undefined if there is none
   * @returns undefined if it does
   */
  async verify(info: StreamInfo | undefined): Promise<StreamProblem | undefined> {
    const { jsm, names, created, lastSequence } = this.#options;
    const name = names.recordStream;
    if (info === undefined) return { reason: `the stream ${name} of the room is missing`, isMissing: true };
    if (info.created !== created) return problem(`the stream ${name} of the room was created again`);
    const last = this.#records.at(-1);
    const sequence = last?.sequence ?? lastSequence;
    const { first_seq: first, last_seq: stored } = info.state;
    if (stored < sequence && !(await this.#restore(stored))) {
      return problem(
        `the engine has lost records: the room ends at ${stored}, and was read up to ${sequence}`,
      );
    }
    if (last === undefined || first > sequence) return undefined;
    const message = await jsm.streams.getMessage(name, { seq: sequence });
    if (message === null || readHeader(() => message.header, MESSAGE_ID) === idOf(last.message))
      return undefined;
    return problem(`the engine has lost records: it has stored another one as ${sequence}`);
  }

  /**
   * Publishes records again that the engine has lost, each at its old sequence. A server that crashes can lose records
   * that it has delivered and even acknowledged.
   *
   * @param stored sequence of the last record in the stream
   * @returns false if some of the lost records are not known here
   */
  async #restore(stored: number): Promise<boolean> {
    const { jetstream, names } = this.#options;
    const lost = this.#records.filter(({ sequence }) => sequence > stored);
    if (lost[0]?.sequence !== stored + 1) return false;
    for (const { sequence, message } of lost) {
      await jetstream.publish(names.recordSubject, message.data, {
        msgID: idOf(message),
        timeout: ANSWER_TIMEOUT_MS,
        expect: { streamName: names.recordStream, lastSequence: sequence - 1 },
      });
    }
    return true;
  }
}

function problem(reason: string): StreamProblem {
  return { reason, isMissing: false };
}

function idOf(message: Msg): string {
  return readHeader(() => message.headers, MESSAGE_ID);
}
