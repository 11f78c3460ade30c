import type { Transform } from 'node:stream';
import { objectTransform } from 'through2';
import { type LINE_TOO_LONG, splitLines } from '../protocol/line-splitter.js';
import type { ClientEvent } from '../protocol/message.js';
import { MiniServError } from '../util/errors.js';
import { type Connection, GuardedDuplex } from './guarded-duplex.js';
import { TransformRunner, type TransformRunnerOptions } from './transform-runner.js';

/**
 * The inbound half of a client: its connection, the line splitter, the tagger and its transforms. It writes to the hub
 * `joined, lines, lines, …, left`. Without transforms, `joined` is missing: the client has joined when its id was assigned,
 * since no transform can suppress the notice.
 */
export class Source {
  readonly #client: number;
  readonly #input: Connection;
  readonly #onFailure: (error: MiniServError) => void;
  readonly #options: TransformRunnerOptions;
  #splitter: Transform | null = null;
  #transforms: TransformRunner | null = null;
  #isEnded = false;

  /** @param onFailure called when the source has ended because of an error, and the connection is to be ended */
  constructor(
    client: number,
    input: Connection,
    onFailure: (error: MiniServError) => void,
    options: TransformRunnerOptions,
  ) {
    this.#client = client;
    this.#input = input;
    this.#onFailure = onFailure;
    this.#options = options;
  }

  /**
   * Builds the pipeline. With transforms this happens when the client arrives, otherwise at its first bytes.
   *
   * @param first bytes that were read from the input already
   */
  begin(first: Buffer | string = ''): void {
    const splitter = this.#buildPipeline();
    if (first.length > 0) splitter.write(first.toString('latin1'));
    if (!this.#isEnded) this.#input.pipe(splitter, { end: false });
  }

  /** Messages that the transforms have been given and have not answered. */
  get pendingTransforms(): number {
    return this.#transforms?.pendingCount ?? 0;
  }

  /** Gives up what the transforms have not answered. */
  destroyTransforms(): void {
    this.#transforms?.destroy();
  }

  /** Stops reading. Complete lines that were received, and then `left`, still go to the hub. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const input = this.#input;
    if (this.#splitter !== null) input.unpipe(this.#splitter);
    if (input instanceof GuardedDuplex) {
      // While it flows, read() returns one chunk only.
      input.pause();
      input.takeReceived();
    }
    // A connection that broke may hold bytes that were received and not passed on.
    const rest: Buffer | string | null = input.readableEnded ? null : input.read();
    if (rest !== null) (this.#splitter ?? this.#buildPipeline()).end(rest.toString('latin1'));
    else if (this.#splitter !== null) this.#splitter.end();
    else this.#options.hub.write({ kind: 'left', client: this.#client, silent: false } satisfies ClientEvent);
    this.#transforms?.leave();
    // Later input is discarded: unread input would turn our FIN into a RST.
    input.resume();
  }

  #buildPipeline(): Transform {
    const { maxLineBytes, hub, transforms } = this.#options;
    this.#input.setEncoding('latin1');
    const splitter = splitLines(maxLineBytes);
    this.#splitter = splitter;
    const tagger = splitter.pipe(this.#createTagger() as unknown as Transform);
    // Neither fails by itself, but an error event without a listener would end the process.
    for (const stage of [splitter, tagger]) stage.on('error', (error) => this.#input.destroy(error));
    if (transforms.length === 0) tagger.pipe(hub, { end: false });
    else this.#runTransforms(tagger);
    return splitter;
  }

  #createTagger(): ReturnType<typeof objectTransform> {
    const client = this.#client;
    const { throttle, maxLineBytes } = this.#options;
    const tagger = objectTransform(
      { objectMode: true, highWaterMark: 1 },
      (block: string | typeof LINE_TOO_LONG, _encoding, done) => {
        if (typeof block === 'string') {
          tagger.push({ kind: 'lines', client, bytes: block } satisfies ClientEvent);
          throttle(client, done);
        } else {
          done();
          const message = `client ${client} is disconnected: it sent a line longer than ${maxLineBytes} bytes`;
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

  #runTransforms(tagger: Transform): void {
    const onFailure = (error: MiniServError): void => {
      this.#fail(error);
      this.#splitter?.destroy();
      tagger.destroy();
    };
    this.#transforms = new TransformRunner(this.#client, tagger, onFailure, this.#options);
  }

  #fail(error: MiniServError): void {
    this.end();
    this.#onFailure(error);
  }
}
