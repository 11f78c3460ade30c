import { createReadStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { verifyAudit } from '../../lib/transcript/verify.js';
import { escapeText } from '../../lib/util/escape.js';
import { CommandError } from '../console.js';
import { openOutput } from '../output.js';

/** The exit code if the file cannot be read, or the result cannot be written. */
const UNREADABLE = 2;

/**
 * Verifies an audit file, or standard input for `-`. Exit code 0: complete, 1: not complete, 2: unreadable. A reader of
 * the output that ends early has read enough: the exit code still tells the result.
 */
export async function verify(path: string): Promise<void> {
  const file = path === '-' ? process.stdin : createReadStream(path);
  const name = path === '-' ? 'standard input' : path;
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
