import { decode } from '../../lib/protocol/message.js';
import type { Peer } from './peer.js';
import type { Schedule } from './schedule.js';
import { type Entry, Simulation } from './simulation.js';

/** What is required to hold, and did not. */
export class Violation extends Error {}

function require(holds: boolean, what: string | (() => string)): asserts holds {
  if (!holds) throw new Violation(typeof what === 'string' ? what : what());
}

/** What a segment counts for at most: its bytes, and the two lists of spans beside them. */
function heaviest(segmentSize: number): number {
  return segmentSize + 2 * 12 * Math.max(16, 2 ** Math.ceil(Math.log2(segmentSize)));
}

/**
 * The most that the log may have in memory: the budget and its slack; what each reader pins (a block of up to two
 * segments) and has loaded ahead; what is kept for those who follow; the tail; what is being written, up to eight
 * segments that nobody may need any more by then; and what each sender had given and had not said when there was still room, and
 * gave at once after that, for it is asked to wait behind what it says.
 */
function memoryBound({ setup, peers, transcripts, disk }: Simulation): number {
  const { segmentSize, memory } = setup;
  const segment = heaviest(segmentSize);
  const budget = memory * segmentSize;
  const slack = Math.max(4 * segmentSize, budget / 4);
  const cached = Math.max(4, memory / 4) + 1;
  const pinned = (peers.length + transcripts.length) * (2 + 1 + 3) + (disk.busy > 0 ? 9 : 2);
  const given = peers.reduce((sum, { mostUnsaid, mostAtOnce }) => sum + mostUnsaid + mostAtOnce, 0);
  const said = (given + peers.length * 60) * (segment / segmentSize);
  return budget + slack + (cached + pinned) * segment + said;
}

/** What must be so at every moment. */
function look(simulation: Simulation): void {
  const { relay, disk, told } = simulation;
  const { memoryBytes: memory } = relay.stats();
  const bound = memoryBound(simulation);
  // At the end all that has been read of the senders is said at once.
  require(memory <= bound || disk.closing, `${memory} bytes of the log are in memory, and ${bound} may be`);
  require(disk.misuses.length === 0, `the disk was misused: ${disk.misuses.join()}`);
  require(told.full === told.room || told.full === told.room + 1, 'that there is room is not told by turns');
}

/** The lines of a client that are to be said, as latin1 strings. */
function linesOf({ setup, transforming }: Simulation, lines: readonly string[]): readonly string[] {
  const { maxLine } = setup;
  const tooLong = maxLine === undefined ? -1 : lines.findIndex((line) => line.length > maxLine);
  return transforming.lines(tooLong === -1 ? lines : lines.slice(0, tooLong));
}

function wire(simulation: Simulation, entry: Entry, lines: ReadonlyMap<number, readonly string[]>): string {
  const { client, kind } = entry;
  if (kind === 'line') return `client ${client}: ${lines.get(client)?.[entry.nth]}\n`;
  return simulation.transforming.mute === true ? '' : `server: client ${client} just ${kind}\n`;
}

/** Clients whose connections the relay has ended, for a reason that it has told. */
function ended({ warnings, setup }: Simulation): Set<number> {
  const kept = setup.bypass ? ['ERR_TRANSFORM'] : [];
  return new Set(
    warnings.flatMap(({ client, code }) => (client === undefined || kept.includes(code) ? [] : [client])),
  );
}

/** What is required of what was said. `whole`: all have come to rest. */
function checkLog(simulation: Simulation, whole: boolean): void {
  const { log, peers } = simulation;
  const cut = ended(simulation);
  for (const [index, peer] of peers.entries()) {
    const { id, state } = peer;
    require(id === index, `the client that came as number ${index} is client ${id}`);
    const own = log.filter(({ client }) => client === id);
    const notices = own.filter(({ kind }) => kind !== 'line').map(({ kind }) => kind);
    const stays = state === 'open' && !cut.has(id);
    const wanted = ['arrived', ...(stays ? [] : ['left'])];
    if (whole) require(notices.join() === wanted.join(), `of client ${id} was said: ${notices.join()}`);
    else require('arrived,left'.startsWith(notices.join()), `of client ${id} was said: ${notices.join()}`);
    require(own.length === 0 || own[0]?.kind === 'arrived', `client ${id} said something before it arrived`);
    const lines = linesOf(simulation, peer.lines);
    const said = own.flatMap((entry) => (entry.kind === 'line' ? [entry.text] : []));
    // What has reached the relay is said, even where the connection broke.
    const read = linesOf(simulation, peer.lines.slice(0, peer.connection.linesRead)).length;
    const least = !whole || cut.has(id) ? 0 : state === 'reset' ? read : lines.length;
    require(said.length >= least, `client ${id} said ${said.length} of its ${lines.length} lines`);
    for (const [nth, text] of said.entries()) {
      const line = lines[nth];
      require(line !== undefined &&
        text === decode(line), `line ${nth} of client ${id} is not as it was sent`);
    }
  }
}

/** What is required of what everybody heard: the log from one's arrival to one's leaving, less one's own. */
function checkHeard(simulation: Simulation, whole: boolean): void {
  const { log, peers, transcripts } = simulation;
  const cut = ended(simulation);
  const lines = new Map(peers.map((peer) => [peer.id, linesOf(simulation, peer.lines)]));
  const render = (entries: Entry[]): string =>
    entries.map((entry) => wire(simulation, entry, lines)).join('');
  const expectHeard = (heard: string, owed: string, all: boolean, who: string): void => {
    const right = all ? heard === owed : owed.startsWith(heard);
    if (right) return;
    const at = [...heard].findIndex((byte, i) => byte !== owed[i]);
    const where = at === -1 ? 'is cut off' : `differs at byte ${at}`;
    throw new Violation(`what ${who} heard ${where}: ${heard.length} bytes of ${owed.length}`);
  };
  for (const { id, state, heard } of peers) {
    const from = log.findIndex(({ client, kind }) => client === id && kind === 'arrived');
    const to = log.findIndex(({ client, kind }) => client === id && kind === 'left');
    const meant = from === -1 ? [] : log.slice(from + 1, to === -1 ? undefined : to);
    const owed = render(meant.filter(({ client }) => client !== id));
    expectHeard(heard, owed, whole && state !== 'reset' && !cut.has(id), `client ${id}`);
  }
  for (const [index, { since, heard, failed }] of transcripts.entries()) {
    expectHeard(heard, render(log.slice(since)), whole && !failed, `transcript ${index}`);
  }
}

const CAUSES: Record<string, (simulation: Simulation) => boolean> = {
  ERR_SPILL_FULL: ({ setup, injected }) =>
    setup.spillLimit !== undefined || ['full', 'write', 'open'].some((cause) => injected.has(cause)),
  ERR_SPILL_READ: ({ injected }) => injected.has('read'),
  ERR_TRANSFORM: ({ transforming }) => transforming.fails === true,
  ERR_LINE_TOO_LONG: ({ setup }) => setup.maxLine !== undefined,
};

function checkWarnings(simulation: Simulation): void {
  for (const { code, message } of simulation.warnings) {
    require(CAUSES[code]?.(simulation) === true, `a warning without a cause: ${message}`);
  }
}

/** Whether senders are all heard, and those who read have all that there is. */
function atRest({ relay, peers, transcripts, disk, clock }: Simulation): boolean {
  const { waitingSenders: waiting, lagBytes: lag, pendingTransforms: transforming } = relay.stats();
  if (waiting > 0 || transforming.size > 0 || disk.busy > 0 || clock.due > 0) return false;
  const busy = ({ id, connection, reading, owed }: Peer): boolean =>
    connection.deliverable || (reading && (owed || (lag.get(id) ?? 0) > 0));
  const waits = ({ connection, state }: Peer): boolean =>
    state !== 'reset' && !connection.destroyed && connection.inbound.length > 0;
  return (
    !peers.some((peer) => busy(peer) || waits(peer)) && !transcripts.some((one) => one.reading && one.owed)
  );
}

/** Whether there is nothing left to do for anybody. */
function allHeard(simulation: Simulation): boolean {
  const { relay, peers } = simulation;
  const { outputLagBytes: outputLag } = relay.stats();
  if (!atRest(simulation) || outputLag.some((lag) => lag > 0)) return false;
  const cut = ended(simulation);
  return peers.every(
    ({ id, state, connection }) => connection.destroyed || (state === 'open' && !cut.has(id)),
  );
}

function state({ relay, peers, disk }: Simulation): string {
  const { lagBytes: lag, pendingTransforms: transforming, ...stats } = relay.stats();
  const clients = peers.map(({ id, state, reading, connection, owed }) =>
    [
      id,
      state,
      reading ? 'reads' : 'stopped',
      `${connection.inbound.length} unread`,
      owed ? 'owed' : '',
      connection.destroyed ? 'closed' : '',
      `lag ${lag.get(id)}`,
    ].join(' '),
  );
  return JSON.stringify({ ...stats, clients, transforming: [...transforming], disk: disk.busy });
}

function checkClosed({ relay, disk, clock, peers, transcripts }: Simulation): void {
  const { clients } = relay.stats();
  require(clients === 0, `${clients} clients after the end`);
  require(disk.openFiles === 0 && disk.used === 0, `${disk.openFiles} files are open after the end`);
  require(disk.directories.size === 0, `directories are left: ${[...disk.directories].join()}`);
  require(clock.timers === 0, `${clock.timers} timers are set after the end`);
  for (const { id, connection } of peers) require(connection.destroyed, `client ${id} is open after the end`);
  require(relay.stats().outputLagBytes.length ===
    0, `${transcripts.length} transcripts began, and ${relay.stats().outputLagBytes.length} are left`);
}

/** The simulation that is under way: what nobody could catch is its. */
let current: Simulation | null = null;

/** Has what nobody catches end the simulation under way, instead of the process. Gives how to take that back. */
export function catchAll(): () => void {
  process.setUncaughtExceptionCaptureCallback((error) => {
    if (current !== null) current.uncaught ??= error;
  });
  return () => process.setUncaughtExceptionCaptureCallback(null);
}

/**
 * Plays a schedule.
 *
 * @throws {Violation} which says what did not hold
 */
export async function simulate(schedule: Schedule): Promise<void> {
  const { setup } = schedule;
  const simulation = new Simulation(setup, look);
  current = simulation;
  await simulation.play(schedule);
  if (!setup.cutShort) {
    simulation.heal();
    // Those who have stopped do so for as long as they like, and hold up nobody; only a full disk may.
    if (setup.spillLimit === undefined) {
      const rests = await simulation.until(() => atRest(simulation));
      require(rests, () => `the room does not come to rest beside who has stopped: ${state(simulation)}`);
    }
    simulation.wake();
    const rests = await simulation.until(() => allHeard(simulation));
    require(rests, () => `the room does not come to rest: ${state(simulation)}`);
    const { told, relay } = simulation;
    require(told.full === told.room, 'senders still wait for the disk, they say');
    require(relay.stats().diskBytes === 0, `${relay.stats().diskBytes} bytes are kept on disk for nobody`);
    const most = 2 * heaviest(setup.segmentSize);
    require(relay.stats().memoryBytes <=
      most, `${relay.stats().memoryBytes} bytes are kept in memory for nobody`);
    checkLog(simulation, true);
    checkHeard(simulation, true);
  }
  const closed = await simulation.close(setup.cutShort ? 500 : 2000);
  require(closed, () => `the relay does not close: ${state(simulation)}`);
  checkLog(simulation, false);
  checkHeard(simulation, !setup.cutShort);
  checkWarnings(simulation);
  checkClosed(simulation);
  current = null;
}
