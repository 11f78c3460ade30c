import { createReadStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { verifyAudit } from '../../lib/transcript/verify.js';
import { escapeText } from '../../lib/util/escape-text.js';
import { CommandError } from '../console.js';
import { openOutput } from '../output.js';

/** The exit code if the file cannot be read, or the result cannot be written. */
const UNREADABLE = 2;

/** Verifies an audit file, or standard input for `-`, and sets the exit code: 0 if it is complete, 1 if not. */
export async function verify(path: string): Promise<void> {
  const file = path === '-' ? process.stdin : createReadStream(path);
  const name = path === '-' ? 'standard input' : path;
  // The exit code tells the result even to a user whose reader of the output has ended.
  const { stream } = await openOutput({ failureCode: UNREADABLE, onReaderEnd: () => {} });
  const print = (line: string): void => void stream.write(`${escapeText(`${name}: ${line}`)}\n`);
  try {
    const { isComplete, summary } = await verifyAudit(file, print);
    print(summary);
    process.exitCode = isComplete ? 0 : 1;
  } catch (error) {
    const { reasonOf } = await import('../diagnosis.js');
    const message = `mini-serv: cannot verify ${name}: ${reasonOf(error as Error)}`;
    throw new CommandError(message, undefined, UNREADABLE);
  } finally {
    stream.end();
    await finished(stream).catch(() => {});
  }
}
