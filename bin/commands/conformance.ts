import { constants } from 'node:os';
import { cleanUp, conformance as runKit } from '../../lib/conformance/command.js';

/** Runs the conformance kit, which parses its own options. */
export async function conformance(args: readonly string[]): Promise<void> {
  process.on('exit', cleanUp);
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => process.exit(128 + constants.signals[signal]));
  }
  const { NO_COLOR, TERM } = process.env;
  process.exitCode = await runKit(args, {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    colours: process.stdout.isTTY === true && !NO_COLOR && TERM !== 'dumb',
  });
}
