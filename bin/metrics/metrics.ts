import type { Relay } from '../../lib/relay/relay.js';
import { version } from '../version.js';
import { EventLoopDelay } from './event-loop-delay.js';
import { CONTENT_TYPES, chooseExposition, renderMetrics } from './exposition.js';
import type { Metric } from './metric.js';
import { processMetrics } from './process-metrics.js';
import { relayMetrics } from './relay-metrics.js';

export interface Metrics {
  /** @param accept the value of the header `Accept` */
  scrape(accept?: string): { readonly contentType: string; readonly body: string };
  /** Stops measuring. */
  close(): void;
}

/** Starts to measure the event loop, and renders the metrics of a relay when they are asked for. */
export function createMetrics(relay: Relay): Metrics {
  const delay = new EventLoopDelay();
  return {
    scrape(accept) {
      const exposition = chooseExposition(accept);
      const metrics = [
        buildInfo(),
        ...relayMetrics(relay.stats(), relay.clientIds().length),
        eventLoopDelay(delay),
        ...processMetrics(),
      ];
      return { contentType: CONTENT_TYPES[exposition], body: renderMetrics(metrics, exposition) };
    },
    close: () => delay.stop(),
  };
}

function buildInfo(): Metric {
  return {
    name: 'mini_serv_build_info',
    type: 'gauge',
    help: 'Always 1, with the versions as labels.',
    samples: [{ labels: { version: version(), node: process.version }, value: 1 }],
  };
}

function eventLoopDelay(delay: EventLoopDelay): Metric {
  return {
    name: 'mini_serv_event_loop_delay_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'How late timers were, measured every 50 ms.',
    samples: delay.seconds.samples,
  };
}
