import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { terminals } from './terminals.js';

/** The actions of the signals. A signal whose field is not set has no effect, except that `stop` always has one. */
export interface SignalHandlers {
  /** SIGINT, SIGTERM, or the terminal was closed. Undefined while the relay ends: the next signal ends the process. */
  stop: (() => void) | undefined;
  /** SIGHUP, unless a terminal was closed. */
  reopen?: () => void;
  /** SIGUSR2. */
  report?: () => void;
  /** Called before a signal ends the process without an `exit` event. */
  cleanUp?: () => void;
}

const END_SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Handles SIGHUP and SIGUSR2.
 *
 * SIGHUP ends only a relay on a terminal. Node resets signals that its parent has set to be ignored, so a relay that was
 * started with `nohup` cannot be recognised otherwise.
 */
export function handleOtherSignals(handlers: SignalHandlers): void {
  const opened = terminals();
  process.on('SIGHUP', () => {
    const isTerminalOpen = opened.every((fd) => isatty(fd));
    if (isTerminalOpen && handlers.reopen !== undefined) handlers.reopen();
    else if (opened.length > 0) handlers.stop?.();
  });
  process.on('SIGUSR2', () => handlers.report?.());
}

/** Handles SIGINT and SIGTERM. */
export function handleEndSignals(handlers: SignalHandlers): void {
  for (const signal of END_SIGNALS) {
    process.on(signal, () => {
      if (handlers.stop !== undefined) handlers.stop();
      else {
        handlers.cleanUp?.();
        endBySignal(signal);
      }
    });
  }
}

/** Ends the process by the default action of a signal, so that its parent sees the signal. */
export function endBySignal(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  // The first process of a container has no default actions: a signal that it does not listen to has no effect.
  if (process.pid === 1) process.exit(128 + constants.signals[signal]);
  process.kill(process.pid, signal);
}
