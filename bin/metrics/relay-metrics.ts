import type { RelayStats } from '../../lib/relay/stats.js';
import { largest } from '../../lib/util/largest.js';
import { Histogram } from './histogram.js';
import { counter, gauge, gauges, type Metric } from './metric.js';

const KIB = 1024;
const MIB = KIB * KIB;
const LAG_BOUNDS = [0, 4 * KIB, 64 * KIB, MIB, 16 * MIB, 256 * MIB, 4096 * MIB];

/** Returns the metrics of a relay. Their names are stable, like those of options. */
export function relayMetrics(stats: RelayStats, clientsInRoom: number): Metric[] {
  const lags = [...stats.lagBytes.values()];
  const pending = [...stats.pendingTransforms.values()];
  return [
    gauge('mini_serv_clients', 'Clients of this relay whose connection is open.', stats.clients),
    gauge('mini_serv_room_clients', 'Clients in the room, in a shared room of all relays.', clientsInRoom),
    counter(
      'mini_serv_refused_connections',
      'Connections refused because the limit was reached.',
      stats.refused,
    ),
    counter(
      'mini_serv_received_lines',
      'Lines that clients of this relay have sent, as far as transforms have passed them.',
      stats.linesIn,
    ),
    counter(
      'mini_serv_received_bytes',
      'Bytes of the lines that are counted as received, with their newlines.',
      stats.bytesIn,
    ),
    counter(
      'mini_serv_sent_lines',
      'Lines and notices for clients of this relay, counted for each recipient when they enter the log.',
      stats.linesOut,
    ),
    counter(
      'mini_serv_sent_bytes',
      'Bytes of the lines and notices that are counted as sent, with their prefixes.',
      stats.bytesOut,
    ),
    lagHistogram(lags),
    gauge('mini_serv_client_lag_max_bytes', 'Lag of the client that lags most.', largest(lags)),
    gauge(
      'mini_serv_output_lag_max_bytes',
      'Lag of the transcript, audit file or stream that lags most.',
      largest(stats.outputLagBytes),
    ),
    gauges('mini_serv_backlog_bytes', 'Bytes of the log that are kept for readers.', 'storage', {
      memory: stats.memoryBytes,
      disk: stats.diskBytes,
    }),
    gauge('mini_serv_waiting_senders', 'Clients that wait before they can send more.', stats.waitingSenders),
    counter(
      'mini_serv_sender_wait_seconds',
      'Time that clients have waited before they could send more.',
      stats.waitedMs / 1000,
    ),
    gauge(
      'mini_serv_pending_transform_messages',
      'Messages that transforms have been given and have not answered.',
      pending.reduce((sum, count) => sum + count, 0),
    ),
    counter('mini_serv_transform_errors', 'Failures of transforms.', stats.transformErrors),
    gauges('mini_serv_engine_state', '1 for the state of the engine that orders the room.', 'state', {
      local: 0,
      connected: 0,
      unreachable: 0,
      lost: 0,
      [stats.engine]: 1,
    }),
  ];
}

function lagHistogram(lags: readonly number[]): Metric {
  const histogram = new Histogram(LAG_BOUNDS);
  for (const lag of lags) histogram.add(lag);
  return {
    name: 'mini_serv_client_lag_bytes',
    type: 'gaugehistogram',
    unit: 'bytes',
    help: 'Clients by their present lag: bytes of the log that they have not taken.',
    samples: histogram.samples,
  };
}
