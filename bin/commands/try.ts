import type { Command } from '../arguments.js';
import { exitAfterGrace, printMessage } from '../console.js';
import { openMessageOutput } from '../message-output.js';
import { readLines } from '../try/read-lines.js';
import { Report } from '../try/report.js';
import { CLIENT, Trial } from '../try/trial.js';
import { loadTransforms } from './load-transforms.js';

/** Passes the lines of standard input through transforms, and prints what the room would receive. */
export async function tryTransforms(command: Command & { kind: 'try' }): Promise<void> {
  const { transforms: specs, verbose, bypassFailed, maxLineBytes, format } = command;
  const transforms = await loadTransforms(specs, verbose);
  Object.preventExtensions(Object.prototype);
  const hasProgram = specs.some(({ name }) => name === 'exec');
  const report = new Report(transforms, verbose, hasProgram);
  const output = await openMessageOutput(format);
  const trial = new Trial({
    transforms,
    bypassFailed,
    maxLineBytes,
    write: (bytes) => output.write(bytes, Date.now()),
    onNoticeDropped: (kind) => report.onNoticeDropped(kind),
    onLine: (text) => report.lines?.answer(text),
    onFailure: (failure) => report.onFailure(failure),
    onWarning: (warning, position) => report.onWarning(warning, position),
  });
  const onStall = (): void => report.onStall();
  process.once('beforeExit', onStall);
  try {
    await trial.write({ kind: 'arrived', client: CLIENT });
    for await (const line of readLines(CLIENT, maxLineBytes)) {
      report.lineNumber++;
      if (line === 'too long') {
        report.fail(`line ${report.lineNumber} is too long (--max-line): a relay disconnects the client`);
        break;
      }
      if (line === 'unterminated') {
        printMessage(`line ${report.lineNumber} has no newline at its end, and is dropped as in a relay`);
        break;
      }
      report.lines?.add({ number: report.lineNumber, text: line.text });
      await trial.write(line);
      if (trial.isOver) break;
      if (!hasProgram) report.lines?.settle();
    }
    if (!trial.isOver) {
      await trial.end();
      report.lines?.settle();
    }
  } finally {
    process.off('beforeExit', onStall);
  }
  await output.end();
  exitAfterGrace();
}
