import {
  checkAlways,
  checkClosed,
  checkLog,
  checkReceived,
  checkWarnings,
  expectThat,
  maxSegmentMemory,
} from './oracle.js';
import { describeState, isAtRest, isFinished } from './rest.js';
import type { Schedule } from './schedule.js';
import { Simulation } from './simulation.js';

/** The grace period of the close: for the early one shorter than some delays, so that it ends by the timer, too. */
const EARLY_GRACE_MS = 500;
const GRACE_MS = 2000;

/** The running simulation, which uncaught exceptions belong to. */
let current: Simulation | null = null;

/** Makes uncaught exceptions end the running simulation instead of the process. Returns a function that undoes this. */
export function captureUncaught(): () => void {
  process.setUncaughtExceptionCaptureCallback((error) => {
    if (current !== null) current.uncaught ??= error;
  });
  return () => process.setUncaughtExceptionCaptureCallback(null);
}

/**
 * Plays a schedule and checks the promises of the relay.
 *
 * @throws {Violation} if one of them does not hold
 */
export async function simulate(schedule: Schedule): Promise<void> {
  const { setup } = schedule;
  const simulation = new Simulation(setup, checkAlways);
  current = simulation;
  await simulation.play(schedule);
  if (!setup.closesEarly) await finish(simulation);
  const isClosed = await simulation.close(setup.closesEarly ? EARLY_GRACE_MS : GRACE_MS);
  expectThat(isClosed, () => `the close does not end: ${describeState(simulation)}`);
  checkLog(simulation, false);
  checkReceived(simulation, !setup.closesEarly);
  checkWarnings(simulation);
  checkClosed(simulation);
  current = null;
}

/** Lets the room come to rest, first with stalled readers, and then with all of them reading. */
async function finish(simulation: Simulation): Promise<void> {
  const { setup, relay, reports } = simulation;
  simulation.repairEnvironment();
  // Stalled readers hold up other clients only if they fill a limited disk.
  if (setup.spillLimitSegments === undefined) {
    const rests = await simulation.until(() => isAtRest(simulation));
    expectThat(
      rests,
      () => `the room does not come to rest with stalled readers: ${describeState(simulation)}`,
    );
  }
  simulation.resumeAllReaders();
  const rests = await simulation.until(() => isFinished(simulation));
  expectThat(rests, () => `the room does not come to rest: ${describeState(simulation)}`);
  expectThat(reports.full === reports.drained, 'the end of a full disk was not reported');
  const { diskBytes, memoryBytes } = relay.stats();
  expectThat(diskBytes === 0, `${diskBytes} bytes are on disk without a reader`);
  const maxMemory = 2 * maxSegmentMemory(setup.segmentBytes);
  expectThat(memoryBytes <= maxMemory, `${memoryBytes} bytes are in memory without a reader`);
  checkLog(simulation, true);
  checkReceived(simulation, true);
}
