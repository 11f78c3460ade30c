import type { Relay } from '../../lib/relay/relay.js';
import { largest } from '../../lib/util/largest.js';
import { printMessage } from '../console.js';

/** Prints one line of statistics on standard error: words of the form `name=value`. Names are stable; new ones may follow. */
export function report(relay: Relay): void {
  const stats = relay.stats();
  const lags = [...stats.lagBytes.values()];
  const values = {
    clients: stats.clients,
    refused: stats.refused,
    lagging_clients: lags.filter((bytes) => bytes > 0).length,
    max_lag_bytes: largest(lags),
    output_lag_bytes: largest(stats.outputLagBytes),
    memory_bytes: stats.memoryBytes,
    disk_bytes: stats.diskBytes,
    waiting_senders: stats.waitingSenders,
    pending_transforms: stats.pendingTransforms.size,
    rss_bytes: process.memoryUsage.rss(),
    uptime_s: Math.floor(process.uptime()),
    waited_ms: Math.round(stats.waitedMs),
    transform_errors: stats.transformErrors,
    lines_in: stats.linesIn,
    bytes_in: stats.bytesIn,
    lines_out: stats.linesOut,
    bytes_out: stats.bytesOut,
  };
  const words = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  printMessage(`statistics ${words.join(' ')}`);
}
