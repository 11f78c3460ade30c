import { decode } from '../../lib/protocol/message.js';
import type { Entry, Simulation } from './simulation.js';

/** A requirement that did not hold. */
export class Violation extends Error {}

export function expectThat(holds: boolean, violation: string | (() => string)): asserts holds {
  if (!holds) throw new Violation(typeof violation === 'string' ? violation : violation());
}

const SPAN_BYTES = 12;
const MIN_SPANS = 16;
const MAX_NOTICES_BYTES = 60;

/** The most memory that one segment takes: its bytes, and an index with one span per byte. */
export function maxSegmentMemory(segmentBytes: number): number {
  const maxSpans = Math.max(MIN_SPANS, 2 ** Math.ceil(Math.log2(segmentBytes)));
  return segmentBytes + 2 * SPAN_BYTES * maxSpans;
}

/**
 * The most memory that the log may take:
 *
 * - the budget and its slack;
 * - for each reader a block of up to two segments, the segment it loads, and three that are loaded ahead;
 * - the segments that were loaded and are kept for other readers;
 * - the segment that is being written to, one more that is being closed, and up to eight that are being written to disk;
 * - everything that senders had sent and that was not relayed while there was space, and what each of them sends at once,
 *   because a sender waits only after its lines were relayed.
 */
function memoryBound({ setup, peers, transcripts, disk }: Simulation): number {
  const { segmentBytes, memorySegments } = setup;
  const segment = maxSegmentMemory(segmentBytes);
  const budget = memorySegments * segmentBytes;
  const slack = Math.max(4 * segmentBytes, budget / 4);
  const loaded = Math.max(4, memorySegments / 4) + 1;
  const inUse = (peers.length + transcripts.length) * (2 + 1 + 3) + (disk.operationsInProgress > 0 ? 9 : 2);
  const sent = peers.reduce((sum, peer) => sum + peer.maxUnrelayedBytes + peer.maxDeliveredBytes, 0);
  const unstoppable = (sent + peers.length * MAX_NOTICES_BYTES) * (segment / segmentBytes);
  return budget + slack + (loaded + inUse) * segment + unstoppable;
}

/** Checks the requirements that hold at every moment. */
export function checkAlways(simulation: Simulation): void {
  const { relay, disk, reports } = simulation;
  const { memoryBytes } = relay.stats();
  const bound = memoryBound(simulation);
  // During the close, all lines that were read are relayed at once.
  const isBounded = memoryBytes <= bound || disk.isClosing;
  expectThat(isBounded, `${memoryBytes} bytes of the log are in memory, at most ${bound} are allowed`);
  expectThat(disk.misuses.length === 0, `the disk was misused: ${disk.misuses.join()}`);
  const areAlternating = reports.full === reports.drained || reports.full === reports.drained + 1;
  expectThat(areAlternating, 'the reports of a full disk and of its end do not alternate');
}

/** Returns the lines of a client that others should receive, as latin1 strings. */
function expectedLines({ setup, transforms }: Simulation, sent: readonly string[]): readonly string[] {
  const { maxLineBytes } = setup;
  const tooLong = maxLineBytes === undefined ? -1 : sent.findIndex((line) => line.length > maxLineBytes);
  return transforms.linesFor(tooLong === -1 ? sent : sent.slice(0, tooLong));
}

/** Returns the clients that the relay has disconnected, according to its warnings. */
export function disconnectedClients({ warnings, setup }: Simulation): Set<number> {
  return new Set(
    warnings.flatMap(({ client, code }) => {
      const isBypass = setup.bypass && code === 'ERR_TRANSFORM';
      return client === undefined || isBypass ? [] : [client];
    }),
  );
}

/**
 * Checks the order of the log.
 *
 * @param isComplete whether the room has come to rest, so that nothing may be missing
 */
export function checkLog(simulation: Simulation, isComplete: boolean): void {
  const { log, peers } = simulation;
  const disconnected = disconnectedClients(simulation);
  for (const { id, state, lines: sent, connection } of peers) {
    const own = log.filter(({ client }) => client === id);
    const notices = own.flatMap(({ kind }) => (kind === 'line' ? [] : [kind])).join();
    const hasLeft = state !== 'open' || disconnected.has(id);
    const expectedNotices = hasLeft ? 'arrived,left' : 'arrived';
    const areRight = isComplete ? notices === expectedNotices : 'arrived,left'.startsWith(notices);
    expectThat(areRight, `client ${id} has the notices "${notices}"`);
    const isAfterArrival = own.length === 0 || own[0]?.kind === 'arrived';
    expectThat(isAfterArrival, `a line of client ${id} precedes its arrival`);
    const lines = expectedLines(simulation, sent);
    const relayed = own.flatMap((entry) => (entry.kind === 'line' ? [entry.text] : []));
    // Lines that the relay has read are relayed, even if the connection broke.
    const read = expectedLines(simulation, sent.slice(0, connection.linesRead)).length;
    const required = !isComplete || disconnected.has(id) ? 0 : state === 'reset' ? read : lines.length;
    expectThat(
      relayed.length >= required,
      `${relayed.length} of the ${lines.length} lines of client ${id} were relayed`,
    );
    for (const [nth, text] of relayed.entries()) {
      const line = lines[nth];
      const isUnchanged = line !== undefined && text === decode(line);
      expectThat(isUnchanged, `line ${nth} of client ${id} was changed`);
    }
  }
}

/**
 * Checks the received bytes: each client receives the log from its arrival to its end, except its own messages, and each
 * transcript receives the whole log from its start.
 */
export function checkReceived(simulation: Simulation, isComplete: boolean): void {
  const { log, peers, transcripts, transforms } = simulation;
  const disconnected = disconnectedClients(simulation);
  const lines = new Map(peers.map(({ id, lines }) => [id, expectedLines(simulation, lines)]));
  const renderEntry = (entry: Entry): string => {
    const { client, kind } = entry;
    if (kind === 'line') return `client ${client}: ${lines.get(client)?.[entry.nth]}\n`;
    return transforms.isMute === true ? '' : `server: client ${client} just ${kind}\n`;
  };
  const render = (entries: Entry[]): string => entries.map(renderEntry).join('');
  for (const { id, state, received } of peers) {
    const from = log.findIndex(({ client, kind }) => client === id && kind === 'arrived');
    const to = log.findIndex(({ client, kind }) => client === id && kind === 'left');
    const entries = from === -1 ? [] : log.slice(from + 1, to === -1 ? undefined : to);
    const expected = render(entries.filter(({ client }) => client !== id));
    const isWhole = isComplete && state !== 'reset' && !disconnected.has(id);
    checkBytes(received, expected, isWhole, `client ${id}`);
  }
  for (const [index, { startEntry, received, hasFailed }] of transcripts.entries()) {
    checkBytes(received, render(log.slice(startEntry)), isComplete && !hasFailed, `transcript ${index}`);
  }
}

function checkBytes(received: string, expected: string, isWhole: boolean, reader: string): void {
  if (isWhole ? received === expected : expected.startsWith(received)) return;
  const at = [...received].findIndex((byte, i) => byte !== expected[i]);
  const where = at === -1 ? 'end too early' : `differ at byte ${at}`;
  throw new Violation(`the bytes for ${reader} ${where}: ${received.length} of ${expected.length} received`);
}

const CAUSES: Record<string, (simulation: Simulation) => boolean> = {
  ERR_SPILL_FULL: ({ setup, injected }) =>
    setup.spillLimitSegments !== undefined || ['full', 'write', 'open'].some((kind) => injected.has(kind)),
  ERR_SPILL_READ: ({ injected }) => injected.has('read'),
  ERR_TRANSFORM: ({ transforms }) => transforms.mayFail === true,
  ERR_LINE_TOO_LONG: ({ setup }) => setup.maxLineBytes !== undefined,
};

/** Checks that the schedule has caused each warning. */
export function checkWarnings(simulation: Simulation): void {
  for (const { code, message } of simulation.warnings) {
    expectThat(CAUSES[code]?.(simulation) === true, `a warning without a cause: ${message}`);
  }
}

/** Checks that a closed relay leaves nothing behind. */
export function checkClosed({ relay, disk, clock, peers, transcripts }: Simulation): void {
  const { clients, outputLagBytes } = relay.stats();
  expectThat(clients === 0, `${clients} clients are left after the close`);
  const { openFiles, usedBytes, directories } = disk;
  expectThat(openFiles === 0 && usedBytes === 0, `${openFiles} files are open after the close`);
  expectThat(directories.size === 0, `directories are left after the close: ${[...directories].join()}`);
  expectThat(clock.pendingTimers === 0, `${clock.pendingTimers} timers are set after the close`);
  for (const { id, connection } of peers)
    expectThat(connection.destroyed, `the connection of client ${id} is open after the close`);
  const readers = outputLagBytes.length;
  expectThat(readers === 0, `${readers} of ${transcripts.length} transcripts are left after the close`);
}
