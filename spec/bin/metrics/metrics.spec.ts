import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { chooseExposition, renderMetrics } from '../../../bin/metrics/exposition.js';
import { Histogram } from '../../../bin/metrics/histogram.js';
import type { Metric } from '../../../bin/metrics/metric.js';
import { createMetrics } from '../../../bin/metrics/metrics.js';
import { relayMetrics } from '../../../bin/metrics/relay-metrics.js';
import type { Relay } from '../../../lib/index.js';
import { addCleanup } from '../../support/cleanup.js';
import { createTestRelay, join } from '../../support/room.js';
import { itWith } from '../../support/tools.js';
import { eventually } from '../../support/waiting.js';
import { relayed } from '../../support/wire.js';

const OPEN_METRICS = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';

function scrape(relay: Relay, accept?: string): string {
  const metrics = createMetrics(relay);
  addCleanup(() => metrics.close());
  return metrics.scrape(accept).body;
}

/** Returns the value of a sample, for example of `mini_serv_clients`. */
function sampleOf(body: string, sample: string): number {
  const line = body.split('\n').find((line) => line.startsWith(`${sample} `));
  if (line === undefined) throw new Error(`${sample} is missing in ${body}`);
  return Number(line.slice(sample.length + 1));
}

describe('metrics', () => {
  it('report what the relay has counted', async () => {
    const relay = createTestRelay();
    const a = await join(relay);
    const b = await join(relay);
    a.send('hello\n');
    await b.until(relayed(0, 'hello'));
    const body = scrape(relay);
    expect(sampleOf(body, 'mini_serv_clients')).to.equal(2);
    expect(sampleOf(body, 'mini_serv_room_clients')).to.equal(2);
    expect(sampleOf(body, 'mini_serv_received_lines_total')).to.equal(1);
    expect(sampleOf(body, 'mini_serv_received_bytes_total')).to.equal(6);
    expect(sampleOf(body, 'mini_serv_sent_lines_total')).to.equal(2);
    expect(sampleOf(body, 'mini_serv_client_lag_bytes_bucket{le="0"}')).to.be.at.most(2);
    expect(sampleOf(body, 'mini_serv_client_lag_bytes_bucket{le="+Inf"}')).to.equal(2);
    expect(sampleOf(body, 'mini_serv_engine_state{state="local"}')).to.equal(1);
    expect(sampleOf(body, 'mini_serv_engine_state{state="lost"}')).to.equal(0);
    expect(sampleOf(body, 'process_resident_memory_bytes')).to.be.above(1e6);
    expect(sampleOf(body, 'process_start_time_seconds') * 1000).to.be.within(Date.now() - 3e6, Date.now());
  });

  it('report the client that lags most, and the sum of messages that transforms have not answered', () => {
    const relay = createTestRelay();
    const stats = {
      ...relay.stats(),
      lagBytes: new Map([
        [0, 10],
        [3, 5000],
      ]),
      pendingTransforms: new Map([
        [0, 2],
        [3, 3],
      ]),
      waitedMs: 1500,
    };
    const body = renderMetrics(relayMetrics(stats, 2), 'text');
    expect(sampleOf(body, 'mini_serv_client_lag_max_bytes')).to.equal(5000);
    expect(sampleOf(body, 'mini_serv_client_lag_bytes_bucket{le="4096"}')).to.equal(1);
    expect(sampleOf(body, 'mini_serv_client_lag_bytes_sum')).to.equal(5010);
    expect(sampleOf(body, 'mini_serv_pending_transform_messages')).to.equal(5);
    expect(sampleOf(body, 'mini_serv_sender_wait_seconds_total')).to.equal(1.5);
  });

  it('are OpenMetrics for a client that accepts it, and otherwise the text format', () => {
    const metrics = createMetrics(createTestRelay());
    addCleanup(() => metrics.close());
    const open = metrics.scrape(OPEN_METRICS);
    expect(open.contentType).to.equal('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(open.body).to.include(
      '# TYPE mini_serv_received_bytes counter\n# UNIT mini_serv_received_bytes bytes\n',
    );
    expect(open.body).to.match(/^mini_serv_client_lag_bytes_gcount 0$/m);
    expect(open.body.endsWith('\n# EOF\n')).to.equal(true);
    const text = metrics.scrape();
    expect(text.contentType).to.equal('text/plain; version=0.0.4; charset=utf-8');
    expect(text.body).to.include('# TYPE mini_serv_received_bytes_total counter\n');
    expect(chooseExposition('*/*')).to.equal('text');
  });

  it('have names with units last, and a sentence of help', () => {
    const relay = createTestRelay();
    for (const { name, help, unit, samples } of relayMetrics(relay.stats(), 0)) {
      expect(name).to.match(/^mini_serv(_[a-z]+)+$/);
      expect(help).to.match(/^[^"\\\n]+\.$/);
      if (unit !== undefined) expect(name.endsWith(`_${unit}`), name).to.equal(true);
      expect(samples).to.not.be.empty;
    }
  });

  it('escape the values of labels', () => {
    const sample = { labels: { version: 'a"b\\c\nd' }, value: 1 };
    const metric: Metric = { name: 'build_info', type: 'gauge', help: 'A test.', samples: [sample] };
    expect(renderMetrics([metric], 'text')).to.include('build_info{version="a\\"b\\\\c\\nd"} 1\n');
  });

  it('count in cumulative buckets', () => {
    const histogram = new Histogram([1, 10]);
    for (const value of [0, 1, 5, 100]) histogram.add(value);
    expect(histogram.samples.map(({ value }) => value)).to.deep.equal([2, 3, 4, 106, 4]);
  });

  it('measure the delay of the event loop', async () => {
    const metrics = createMetrics(createTestRelay());
    addCleanup(() => metrics.close());
    const count = (): number => sampleOf(metrics.scrape().body, 'mini_serv_event_loop_delay_seconds_count');
    await eventually('a measurement', () => count() > 0);
    const before = count();
    const blockedUntil = performance.now() + 300;
    while (performance.now() < blockedUntil);
    await eventually('a measurement of the pause', () => count() > before);
    const { body } = metrics.scrape();
    const slow =
      sampleOf(body, 'mini_serv_event_loop_delay_seconds_count') -
      sampleOf(body, 'mini_serv_event_loop_delay_seconds_bucket{le="0.1"}');
    expect(slow).to.be.at.least(1);
  });

  itWith('promtool', 'pass promtool check metrics', async () => {
    const relay = createTestRelay();
    await join(relay);
    const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], { input: scrape(relay) });
    expect(`${stdout}${stderr}`).to.equal('');
    expect(status).to.equal(0);
  });
});
