import { createReadStream } from 'node:fs';
import { verifyAudit } from '../../lib/transcript/verify.js';
import { printMessage } from '../console.js';

/** Verifies an audit file, or standard input for `-`. Exit code 0: complete, 1: not complete, 2: unreadable. */
export async function verify(path: string): Promise<void> {
  const file = path === '-' ? process.stdin : createReadStream(path);
  const name = path === '-' ? 'standard input' : path;
  try {
    const print = (line: string): void => void process.stdout.write(`${name}: ${line}\n`);
    const { isComplete, summary } = await verifyAudit(file, print);
    print(summary);
    process.exitCode = isComplete ? 0 : 1;
  } catch (error) {
    printMessage(`cannot verify ${name}: ${(error as Error).message}`);
    process.exitCode = 2;
  }
}
