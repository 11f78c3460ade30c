import type { Relay } from '../../lib/relay/relay.js';
import { printMessage } from '../console.js';

/** Interval in which "connections are refused" is printed at most once, in milliseconds. */
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
  relay.on('engineReconnected', () => printMessage('the engine is back: all go on'));
  relay.on('spillDrained', () => printMessage('there is room for spilled segments again: senders go on'));
  relay.on('refused', (total) => {
    // At the limit, a client that retries takes each place that becomes free: the state would change all the time.
    if (isRefusing || performance.now() - printedAt < REFUSED_INTERVAL_MS) return;
    printMessage(`connections are refused: the limit of file descriptors is reached (${total})`);
    isRefusing = true;
    printedAt = performance.now();
  });
  relay.on('joined', () => {
    if (isRefusing) {
      printMessage(`connections are accepted again; ${relay.stats().refused} were refused so far`);
    }
    isRefusing = false;
  });
}
