import type { Relay } from '../../lib/relay/relay.js';
import { printMessage, printNotice } from '../console.js';

/** Interval in which "refusing connections" is printed at most once, in milliseconds. */
const REFUSED_INTERVAL_MS = 10_000;

/** Warnings about a single client, which are printed only with --verbose. */
const VERBOSE_CODES: ReadonlySet<string> = new Set(['ERR_LINE_TOO_LONG', 'ERR_REFUSED']);

/** Prints the events of the relay that an operator should know of on standard error. */
export function printEvents(relay: Relay, verbose: boolean): void {
  let isRefusing = false;
  let printedAt = Number.NEGATIVE_INFINITY;
  relay.on('warning', ({ code, message }) => {
    if (verbose || !VERBOSE_CODES.has(code)) printMessage(message);
  });
  relay.on('engineReconnected', () => printNotice('reconnected to the engine; resuming'));
  relay.on('spillDrained', () => printNotice('there is space for the backlog on disk again; senders resume'));
  relay.on('refused', (total) => {
    // At the limit, a client that retries takes each place that becomes free: the state would change all the time.
    if (isRefusing || performance.now() - printedAt < REFUSED_INTERVAL_MS) return;
    printMessage(
      `refusing connections: the limit of file descriptors is reached (${total} refused so far); raise it with ulimit -n`,
    );
    isRefusing = true;
    printedAt = performance.now();
  });
  relay.on('joined', () => {
    if (isRefusing) {
      printNotice(`accepting connections again; ${relay.stats().refused} refused so far`);
    }
    isRefusing = false;
  });
}
