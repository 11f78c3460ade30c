import { expect } from 'chai';
import { FailureDetector } from '../../../lib/room/shared/failure-detector.js';
import { SimulatedTime } from '../../support/simulated-time.js';

/** Failure detectors of three relays that receive each other's heartbeats, and a list of what they report. */
function createDetectors() {
  const time = new SimulatedTime();
  const reports: string[] = [];
  /** By relay: how many heartbeats it has sent. */
  const sent = new Map<string, number>();
  const detectors = new Map<string, FailureDetector>();
  const disconnected = new Set<string>();
  /** The relays that have records in the log. */
  const active = new Set(['a', 'b', 'c']);
  const start = (instanceId: string, intervalMs = 100): FailureDetector => {
    const detector: FailureDetector = new FailureDetector({
      clock: time.clock,
      instanceId,
      intervalMs,
      send: (heartbeat) => {
        sent.set(instanceId, (sent.get(instanceId) ?? 0) + 1);
        for (const [to, other] of detectors) {
          if (disconnected.has(instanceId) || disconnected.has(to)) continue;
          time.setTimer(1, () => other.onHeartbeat(heartbeat));
        }
      },
      instanceIds: () => active,
      isUnreachable: () => false,
      declareDown: (other) => reports.push(`${instanceId}: ${other} is down`),
      onEchoLost: () => reports.push(`${instanceId}: echo lost`),
      onEchoBack: () => reports.push(`${instanceId}: echo back`),
    });
    detectors.set(instanceId, detector);
    return detector;
  };
  const end = (instanceId: string): void => {
    detectors.get(instanceId)?.stop();
    detectors.delete(instanceId);
  };
  const reportsOf = (instanceId: string) => reports.filter((report) => report.startsWith(`${instanceId}:`));
  return { time, reports, reportsOf, sent, detectors, disconnected, active, start, end };
}

describe('FailureDetector', () => {
  it('declares a relay down once, after more than five missed heartbeats', async () => {
    const { time, reports, start, end } = createDetectors();
    for (const id of ['a', 'b', 'c']) start(id);
    await time.advance(2000);
    expect(reports).to.deep.equal([]);
    end('c');
    await time.advance(450);
    expect(reports).to.deep.equal([]);
    await time.advance(2000);
    expect(reports.sort()).to.deep.equal(['a: c is down', 'b: c is down']);
  });

  it('declares no relay down while its own heartbeats do not come back, or shortly after', async () => {
    const { time, reportsOf, disconnected, start } = createDetectors();
    for (const id of ['a', 'b', 'c']) start(id);
    await time.advance(500);
    disconnected.add('a');
    await time.advance(5000);
    expect(reportsOf('a')).to.deep.equal(['a: echo lost']);
    disconnected.add('b').add('c');
    await time.advance(500);
    disconnected.delete('a');
    await time.advance(700);
    expect(reportsOf('a')).to.deep.equal(['a: echo lost', 'a: echo back']);
    await time.advance(1000);
    expect(reportsOf('a')).to.include('a: b is down').and.to.include('a: c is down');
  });

  it('declares no relay down right after its own process was stopped', async () => {
    const { time, reports, disconnected, start } = createDetectors();
    for (const id of ['a', 'b', 'c']) start(id);
    await time.advance(500);
    disconnected.add('c');
    time.now += 5000;
    await time.advance(900);
    expect(reports.filter((report) => report.endsWith('is down'))).to.deep.equal([]);
    await time.advance(1000);
    expect(reports).to.include('a: c is down').and.to.include('b: c is down');
  });

  for (const [when, earlierMs] of [
    ['at the same time', 0],
    ['before', 100],
  ] as const) {
    it(`waits longer for a relay with a longer heartbeat interval that has joined ${when}`, async () => {
      const { time, reports, start, end } = createDetectors();
      start('c', 1000);
      await time.advance(earlierMs);
      start('a', 100);
      start('b', 100);
      await time.advance(10_000);
      expect(reports).to.deep.equal([]);
      end('c');
      await time.advance(4500);
      expect(reports).to.deep.equal([]);
      await time.advance(2000);
      expect(reports.sort()).to.deep.equal(['a: c is down', 'b: c is down']);
    });
  }

  it('remembers the longer interval of a relay that has no records yet', async () => {
    const { time, reportsOf, detectors, disconnected, active, start } = createDetectors();
    for (const id of ['b', 'c']) active.delete(id);
    start('a', 100);
    start('c', 1000);
    await time.advance(200);
    active.add('c');
    detectors.get('a')?.onActivity('c');
    disconnected.add('c');
    await time.advance(4500);
    expect(reportsOf('a')).to.deep.equal([]);
    await time.advance(1000);
    expect(reportsOf('a')).to.deep.equal(['a: c is down']);
  });

  it('learns the longer interval of a relay that it had forgotten, at the first record', async () => {
    const { time, reportsOf, detectors, disconnected, active, start } = createDetectors();
    for (const id of ['b', 'c']) active.delete(id);
    start('a', 100);
    start('c', 1000);
    await time.advance(100);
    disconnected.add('c');
    await time.advance(8100);
    disconnected.delete('c');
    active.add('c');
    detectors.get('a')?.onActivity('c');
    await time.advance(800);
    expect(reportsOf('a')).to.deep.equal([]);
    disconnected.add('c');
    await time.advance(4000);
    expect(reportsOf('a')).to.deep.equal([]);
  });

  it('sends no more heartbeats than its own when all relays have different intervals', async () => {
    const { time, reports, sent, active, start } = createDetectors();
    const intervalsMs = [100, 200, 400, 800, 1600, 3200];
    active.clear();
    for (const intervalMs of intervalsMs) {
      active.add(`r${intervalMs}`);
      start(`r${intervalMs}`, intervalMs);
    }
    await time.advance(1000);
    sent.clear();
    await time.advance(32_000);
    const expected = intervalsMs.map((intervalMs) => [`r${intervalMs}`, 32_000 / intervalMs]);
    expect([...sent].sort(([a], [b]) => Number(a.slice(1)) - Number(b.slice(1)))).to.deep.equal(expected);
    expect(reports).to.deep.equal([]);
  });

  it('ignores intervals that no relay can have', async () => {
    const { time, reports, detectors, start, end } = createDetectors();
    for (const id of ['a', 'b', 'c']) start(id);
    await time.advance(500);
    end('c');
    await time.advance(50);
    for (const interval of ['-1', '0', '1e999', '1e308', '2147483648']) {
      detectors.get('a')?.onHeartbeat(Buffer.from(`{"epoch":"c","every":${interval},"ask":true}`));
    }
    await time.advance(800);
    expect(reports.sort()).to.deep.equal(['a: c is down', 'b: c is down']);
  });

  it('remembers only some of the relays that have no records', async () => {
    const { time, reportsOf, detectors, disconnected, active, start } = createDetectors();
    for (const id of ['b', 'c', 'd']) active.delete(id);
    start('a', 100);
    const forge = (id: string): void =>
      detectors.get('a')?.onHeartbeat(Buffer.from(`{"epoch":${JSON.stringify(id)},"every":1000}`));
    for (let i = 0; i < 1000; i++) forge(`forged ${i}`);
    forge('c');
    active.add('c');
    await time.advance(1000);
    expect(reportsOf('a')).to.deep.equal(['a: c is down']);
    active.delete('c');
    start('d', 1000);
    active.add('d');
    await time.advance(4000);
    disconnected.add('d');
    await time.advance(4500);
    expect(reportsOf('a')).to.deep.equal(['a: c is down']);
  });

  it('ignores bytes that are not a heartbeat', async () => {
    const { time, reports, detectors, start } = createDetectors();
    for (const id of ['a', 'b', 'c']) start(id);
    const longId = JSON.stringify({ epoch: 'c'.repeat(49), every: 100 });
    for (const text of ['', '{', 'null', '{"epoch":5}', '{"epoch":"c"}', '"heartbeat"', longId]) {
      detectors.get('a')?.onHeartbeat(Buffer.from(text));
    }
    await time.advance(1000);
    expect(reports).to.deep.equal([]);
  });
});
