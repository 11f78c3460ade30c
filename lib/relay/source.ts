import type { Duplex, Transform, Writable } from 'node:stream';
import { objectTransform } from 'through2';
import { LineBatch } from '../protocol/line-batch.js';
import { type LINE_TOO_LONG, splitLines } from '../protocol/line-splitter.js';
import { BLOCK_BYTES, type ClientEvent, type Message, toMessages } from '../protocol/message.js';
import { Chain, type Failure, REFUSED } from '../transforms/chain.js';
import type { TransformFactory } from '../transforms/factory.js';
import type { Clock } from '../util/environment.js';
import { MiniServError } from '../util/errors.js';

/** What all sources of a relay have in common. */
export interface SourceOptions {
  readonly hub: Writable;
  readonly clock: Clock;
  readonly transforms: readonly TransformFactory[];
  readonly onTransformError: 'close' | 'bypass';
  readonly maxLineBytes: number;
  /** Calls back when this client may say more. */
  readonly pass: (client: number, resume: () => void) => void;
  /** Something that an operator should hear of; the client goes on. */
  readonly warn: (warning: MiniServError) => void;
}

/** A socket reads at most this much at a time. */
const CHUNK = 64 * 1024;

/**
 * One client's inbound half: its input, the line-splitting Transform, the tagger, its own transforms. What it
 * writes to the hub reads `arrived, lines, lines, …, left`; without transforms, `lines, …, left`: it has arrived when
 * it was given its id, and only a transform could have a say in whether that is announced.
 */
export class Source {
  readonly #client: number;
  readonly #input: Duplex;
  readonly #failed: (error: MiniServError) => void;
  readonly #options: SourceOptions;
  #splitter: Transform | null = null;
  #chain: Chain | null = null;
  #ended = false;
  #arrived = false;
  #announced = false;
  #leaving = false;
  #left = false;
  /** What came out of the transforms and is said together, in the same turn. */
  #lines: LineBatch | null = null;

  /** @param failed told that the client cannot go on: its source has ended, and its connection is to be ended */
  constructor(client: number, input: Duplex, failed: (error: MiniServError) => void, options: SourceOptions) {
    this.#client = client;
    this.#input = input;
    this.#failed = failed;
    this.#options = options;
  }

  /**
   * Builds the pipeline: at once where a transform is to see its client arrive, else not before there is something to
   * say.
   *
   * @param first what has been read of the input, which is not paused
   */
  begin(first: Buffer | string = ''): void {
    const splitter = this.#build();
    if (first.length > 0) splitter.write(first.toString('latin1'));
    if (!this.#ended) this.#input.pipe(splitter, { end: false });
  }

  /** How many messages its transforms have been given and have not answered. */
  get pendingTransforms(): number {
    return this.#chain?.busy ?? 0;
  }

  /** Its transforms have had their time: what they have not answered will not be said. */
  abandon(): void {
    this.#chain?.destroy();
  }

  /** No more input: what it said in complete lines is said, and then that it left. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const input = this.#input;
    if (this.#splitter !== null) input.unpipe(this.#splitter);
    // A connection that broke may leave bytes that were read from it and not yet passed on.
    const rest: Buffer | string | null = input.readableEnded ? null : input.read();
    if (rest !== null) (this.#splitter ?? this.#build()).end(rest.toString('latin1'));
    else if (this.#splitter !== null) this.#splitter.end();
    else this.#say({ kind: 'left', client: this.#client, silent: false });
    // Whatever still comes in is discarded: unread input would turn our FIN into a RST.
    input.resume();
  }

  #build(): Transform {
    const { maxLineBytes: maxLine, hub, transforms } = this.#options;
    this.#input.setEncoding('latin1');
    const splitter = splitLines(maxLine, CHUNK);
    this.#splitter = splitter;
    const tagger = splitter.pipe(this.#tagger() as unknown as Transform);
    // Neither has a way to fail of its own; a stream without a listener would take the process with it.
    for (const stage of [splitter, tagger]) stage.on('error', (error) => this.#input.destroy(error));
    if (transforms.length === 0) tagger.pipe(hub, { end: false });
    else this.#compose(tagger);
    return splitter;
  }

  #tagger(): ReturnType<typeof objectTransform> {
    const client = this.#client;
    const { pass, maxLineBytes: maxLine } = this.#options;
    const tagger = objectTransform(
      { objectMode: true, highWaterMark: 1 },
      (block: string | typeof LINE_TOO_LONG, _encoding, done) => {
        if (typeof block === 'string') {
          tagger.push({ kind: 'lines', client, bytes: block } satisfies ClientEvent);
          pass(client, done);
        } else {
          done();
          const message = `client ${client} sent a line of more than ${maxLine} bytes`;
          this.#fail(new MiniServError('ERR_LINE_TOO_LONG', message, { client }));
        }
      },
      (done) => {
        tagger.push({ kind: 'left', client, silent: false } satisfies ClientEvent);
        done();
      },
    );
    return tagger;
  }

  #compose(tagger: Transform): void {
    const client = this.#client;
    const { clock, transforms, onTransformError } = this.#options;
    this.#lines = new LineBatch();
    const chain = new Chain({
      client: { id: client },
      factories: transforms,
      bypass: onTransformError === 'bypass',
      message: (message) => this.#emerged(message),
      ended: () => this.#leave(this.#leaving),
      failed: (failure) => this.#transformFailed(tagger, failure),
      settled: () => {
        // A transform that dropped the arrival has not dropped the client: from now on it hears the room. One
        // turn later, since a generator may have taken the arrival and be about to give it.
        if (!this.#arrived) clock.setImmediate(() => this.#arrive(false));
      },
    });
    this.#chain = chain;
    const resume = (): void => void tagger.resume();
    const give = (said: ClientEvent): void => {
      let room = true;
      for (const message of said.kind === 'lines'
        ? toMessages(client, said.bytes)
        : [{ kind: said.kind, client }]) {
        room = chain.write(message, resume) && room;
      }
      if (!room) tagger.pause();
    };
    give({ kind: 'arrived', client, silent: false });
    tagger.on('data', give);
    tagger.on('end', () => chain.end());
  }

  /** What came out of the last transform. The client is always this one, whatever the transform says. */
  #emerged(message: Message): void {
    if (message.kind === 'line') {
      this.#arrive(false);
      const lines = this.#lines as LineBatch;
      if (lines.size === 0) process.nextTick(() => this.#flush());
      lines.add(message);
      if (lines.size > BLOCK_BYTES) this.#flush();
    } else if (message.kind === 'arrived') this.#arrive(true);
    else this.#leaving = true;
  }

  #arrive(announced: boolean): void {
    if (this.#left || (this.#arrived && (this.#announced || !announced))) return;
    this.#arrived = true;
    this.#announced ||= announced;
    this.#flush();
    this.#say({ kind: 'arrived', client: this.#client, silent: !announced });
  }

  #leave(announced: boolean): void {
    if (this.#left) return;
    this.#arrive(false);
    this.#left = true;
    this.#flush();
    this.#say({ kind: 'left', client: this.#client, silent: !announced });
  }

  #flush(): void {
    const lines = this.#lines;
    if (lines !== null && lines.size > 0) {
      this.#say({ kind: 'lines', client: this.#client, bytes: lines.take() });
    }
  }

  #say(said: ClientEvent): void {
    // The hub is read as fast as it is written: it is the log that keeps what readers have not had.
    this.#options.hub.write(said);
  }

  #transformFailed(tagger: Transform, { error: cause, position, bypassed }: Failure): void {
    const client = this.#client;
    const { transforms, warn } = this.#options;
    const name = transforms[position]?.name ?? '';
    const reason = name === '' ? cause.message : `${name}: ${cause.message}`;
    const details = name === '' ? { client, cause } : { client, transform: name, cause };
    const which = `transform ${position + 1}`;
    if (bypassed) {
      const message = `${which} failed for client ${client}: ${reason}; it goes on without that transform`;
      warn(new MiniServError('ERR_TRANSFORM', message, details));
      return;
    }
    this.#fail(
      (cause as NodeJS.ErrnoException).code === REFUSED
        ? new MiniServError('ERR_REFUSED', `${which} refused client ${client}: ${reason}`, details)
        : new MiniServError('ERR_TRANSFORM', `${which} failed for client ${client}: ${reason}`, details),
    );
    this.#splitter?.destroy();
    tagger.destroy();
    this.#leave(this.#announced);
  }

  #fail(error: MiniServError): void {
    this.end();
    this.#failed(error);
  }
}
