import { readdirSync } from 'node:fs';
import { descriptorLimit } from '../../lib/util/descriptors.js';
import { tryCall } from '../../lib/util/try-call.js';
import { counter, gauge, type Metric } from './metric.js';

const startTimeSeconds = Date.now() / 1000 - process.uptime();

/** Returns the metrics of this process under the names that all Prometheus libraries use. */
export function processMetrics(): Metric[] {
  const { user, system } = process.cpuUsage();
  const openFds = tryCall(() => readdirSync('/proc/self/fd').length);
  return [
    counter('process_cpu_seconds', 'Processor time used.', (user + system) / 1e6),
    gauge('process_resident_memory_bytes', 'Resident memory.', process.memoryUsage.rss()),
    gauge('process_start_time_seconds', 'Start of the process, in seconds since 1970.', startTimeSeconds),
    ...(openFds === undefined ? [] : [gauge('process_open_fds', 'Open file descriptors.', openFds)]),
    gauge('process_max_fds', 'Limit of open file descriptors.', descriptorLimit()),
  ];
}
