import { Duplex, type Transform } from 'node:stream';
import { type LINE_TOO_LONG, splitLines } from '../../protocol/line-splitter.js';
import { type Message, toBytes, toMessages } from '../../protocol/message.js';
import { CONFIGURE, LEAVE } from '../stage.js';
import type { ClientInfo } from '../transform.js';
import { type ErrorLineLimit, ErrorLines } from './exec-errors.js';
import type { Program, ProgramExit } from './exec-program.js';
import { UnansweredLines } from './exec-unanswered.js';

export interface ExecStreamOptions {
  readonly client: ClientInfo;
  readonly file: string;
  readonly args: readonly string[];
  readonly errorLines: ErrorLineLimit;
  readonly loading: Promise<typeof import('./exec-program.js')>;
}

const DEFAULT_MAX_LINE_BYTES = 64 * 1024 * 1024;
/** How long a program that has closed its input or output may take to exit, which explains more, in milliseconds. */
const EXIT_GRACE_MS = 500;
/** Exit codes of a shell that cannot run the command: not executable, not found. */
const CANNOT_RUN_CODES: readonly unknown[] = [126, 127];

type Line = Message & { kind: 'line' };

/** The stream of `exec` for one client. */
export class ExecStream extends Duplex {
  readonly #options: ExecStreamOptions;
  #output: Transform;
  #program: Program | null = null;
  #exit: ProgramExit | null = null;
  #unanswered: UnansweredLines | null = null;
  /** Lines given to the program, less lines that it has written. */
  #missingCount = 0;
  #left: Message | null = null;
  /** Acknowledges the lines that the program has not taken from this process yet. */
  #acknowledge: (() => void) | null = null;
  #onFinal: (() => void) | null = null;
  #isOutputHeld = false;
  #isOutputRead = false;
  #hasClientLeft = false;
  #hasFailed = false;
  #exitTimer: NodeJS.Timeout | undefined;

  constructor(options: ExecStreamOptions) {
    super({ objectMode: true });
    this.#options = options;
    this.#output = this.#createOutput(DEFAULT_MAX_LINE_BYTES);
  }

  [CONFIGURE](maxLineBytes: number, keepsUnanswered: boolean): () => Message[] {
    this.#output = this.#createOutput(maxLineBytes);
    if (keepsUnanswered) this.#unanswered = new UnansweredLines();
    return () => this.#unanswered?.take() ?? [];
  }

  [LEAVE](): void {
    this.#hasClientLeft = true;
    this.#program?.expectEnd();
  }

  override _read(): void {
    this.#isOutputHeld = false;
    this.#output.resume();
  }

  override _write(message: Message, _encoding: string, callback: () => void): void {
    this.#take([message], callback);
  }

  override _writev(chunks: { chunk: Message }[], callback: () => void): void {
    this.#take(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  override _final(callback: () => void): void {
    if (this.#program === null) {
      this.#end();
      callback();
      return;
    }
    this.#hasClientLeft = true;
    this.#onFinal = callback;
    this.#program.end();
    this.#settle();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#hasFailed = true;
    clearTimeout(this.#exitTimer);
    this.#output.destroy();
    this.#program?.destroy();
    callback(error);
  }

  /** Gives the lines to the program. They are acknowledged when its pipe has taken them. */
  #take(messages: readonly Message[], callback: () => void): void {
    // Messages that are not acknowledged pass by the stream that has failed.
    if (this.#hasFailed) return;
    const lines: Line[] = [];
    for (const message of messages) {
      if (message.kind === 'arrived') this.push(message);
      else if (message.kind === 'left') this.#left = message;
      else if (!message.text.includes('\n')) lines.push(message);
      else lines.push(...message.text.split('\n').map((text) => ({ ...message, text })));
    }
    if (lines.length === 0) {
      callback();
      return;
    }
    for (const line of lines) this.#unanswered?.add(line);
    this.#missingCount += lines.length;
    this.#acknowledge = callback;
    const bytes = `${lines.map(toBytes).join('\n')}\n`;
    if (this.#program !== null) this.#write(this.#program, bytes);
    else void this.#start().then((program) => program && this.#write(program, bytes));
  }

  #write(program: Program, bytes: string): void {
    if (this.#hasClientLeft) program.extendGrace();
    program.write(bytes, (error) => {
      if (error) {
        this.#failUnlessExited('closed its standard input');
        return;
      }
      this.#unanswered?.setTaken();
      const acknowledge = this.#acknowledge;
      this.#acknowledge = null;
      acknowledge?.();
    });
  }

  async #start(): Promise<Program | null> {
    const { client, file, args, loading } = this.#options;
    try {
      const { Program, startProgram } = await loading;
      const child = await startProgram(file, args, client.id);
      const program = new Program(child, {
        isOutputHeld: () => this.#isOutputHeld,
        hasWork: () => this.#missingCount > 0,
        onClose: (exit) => {
          this.#exit = exit;
          this.#settle();
        },
      });
      this.#program = program;
      this.#connect(program);
      return program;
    } catch (error) {
      this.#fail(error as Error);
      return null;
    }
  }

  #connect({ stdin, stdout, stderr }: Program): void {
    // Errors of writes are reported to their callbacks.
    stdin.on('error', () => {});
    const errors = new ErrorLines(this.#options.errorLines, (text) => this.emit('warning', text));
    stderr.setEncoding('latin1');
    stderr.on('error', () => {}).on('data', (chunk: string) => errors.add(chunk));
    stderr.on('close', () => errors.end());
    let isMidLine = false;
    stdout.setEncoding('latin1');
    stdout
      .on('error', () => {})
      .on('data', (chunk: string) => {
        isMidLine = !chunk.endsWith('\n');
      });
    stdout.pipe(this.#output, { end: false });
    stdout.on('close', () => {
      this.#output.end(isMidLine ? '\n' : '');
      if (this.#onFinal === null) this.#failUnlessExited('closed its standard output');
    });
    if (this.destroyed) this.#program?.destroy();
  }

  #createOutput(maxLineBytes: number): Transform {
    const { id } = this.#options.client;
    const output = splitLines(maxLineBytes);
    output.on('data', (block: string | typeof LINE_TOO_LONG) => {
      if (typeof block !== 'string') {
        this.#fail(new Error(`wrote a line longer than ${maxLineBytes} bytes`));
        return;
      }
      let canPush = true;
      for (const message of toMessages(id, block)) {
        this.#unanswered?.answer((message as Line).text);
        this.#missingCount--;
        canPush = this.push(message);
      }
      if (!canPush) {
        this.#isOutputHeld = true;
        output.pause();
      }
      if (this.#hasClientLeft && this.#missingCount > 0) this.#program?.extendGrace();
    });
    output.on('end', () => {
      this.#isOutputRead = true;
      this.#settle();
    });
    output.on('error', (error) => this.#fail(error));
    return output;
  }

  /** Handles the end of the program, once its output was read. */
  #settle(): void {
    if (this.#exit === null || !this.#isOutputRead || this.#hasFailed) return;
    const { code, signal } = this.#exit;
    const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
    const when = this.#program?.isSignalled ? ', because it did not end in time after its client left' : '';
    if (this.#onFinal === null) {
      this.#fail(new Error(how + (when || ' before its client left')));
      return;
    }
    if (when === '' && (signal !== null || CANNOT_RUN_CODES.includes(code))) {
      this.#fail(new Error(how));
      return;
    }
    if (when !== '' || code !== 0) this.emit('warning', new Error(how + when));
    const callback = this.#onFinal;
    this.#end();
    callback();
  }

  #end(): void {
    if (this.#left !== null) this.push(this.#left);
    this.push(null);
  }

  #failUnlessExited(reason: string): void {
    clearTimeout(this.#exitTimer);
    this.#exitTimer = setTimeout(() => {
      if (!this.#program?.hasExited) this.#fail(new Error(`${reason} before its client left`));
    }, EXIT_GRACE_MS);
  }

  #fail(error: Error): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    // The lines that the program was given are those without an answer now, not those without an acknowledgement.
    const acknowledge = this.#acknowledge;
    this.#acknowledge = null;
    acknowledge?.();
    this.destroy(error);
  }
}
