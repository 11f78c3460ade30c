import { fstatSync } from 'node:fs';
import { pipeline } from 'node:stream';
import { LINE_TOO_LONG, splitLines } from '../../lib/protocol/line-splitter.js';
import { type Message, toMessages } from '../../lib/protocol/message.js';
import { CommandError } from '../console.js';

/** A line, or the reason why the input ends in the middle of one. */
export type InputLine = (Message & { readonly kind: 'line' }) | 'too long' | 'unterminated';

/**
 * Reads the lines of standard input as those of a client.
 *
 * @throws {CommandError} if standard input cannot be read
 */
export async function* readLines(client: number, maxLineBytes: number): AsyncGenerator<InputLine> {
  // Node reads a directory as if it were empty.
  if (fstatSync(0).isDirectory()) throw cannotRead('it is a directory');
  const splitter = splitLines(maxLineBytes);
  let isMidLine = false;
  process.stdin.setEncoding('latin1');
  process.stdin.on('data', (chunk: string) => {
    isMidLine = !chunk.endsWith('\n');
  });
  // An error destroys the splitter, and so ends the loop.
  pipeline(process.stdin, splitter, () => {});
  try {
    for await (const block of splitter as AsyncIterable<string | typeof LINE_TOO_LONG>) {
      if (block === LINE_TOO_LONG) {
        yield 'too long';
        return;
      }
      yield* toMessages(client, block) as (Message & { kind: 'line' })[];
    }
  } catch (error) {
    throw cannotRead((error as Error).message);
  }
  if (isMidLine) yield 'unterminated';
}

function cannotRead(reason: string): CommandError {
  return new CommandError(`mini-serv: cannot read standard input: ${reason}`, undefined, 2);
}
