import { expect } from 'chai';
import fc from 'fast-check';
import type { EventLogReader, LogRecord } from '../../../lib/room/event-log.js';
import { joinRoom } from '../../../lib/room/shared/join-room.js';
import { decodeRecord } from '../../../lib/room/shared/record.js';
import type { SharedLog } from '../../../lib/room/shared/shared-log.js';
import { type FakeEngine, FakeRoom, type Faults } from '../../support/fake-engine.js';
import { checkProperty } from '../../support/property.js';
import { random } from '../../support/random.js';
import { SimulatedTime } from '../../support/simulated-time.js';

/** Records are so small that lines of a few hundred bytes take several. */
const MAX_RECORD_BYTES = 400;
const HEARTBEAT_MS = 100;
const MAX_RELAYS = 4;

/** One relay of a simulated room. */
interface SimulatedRelay {
  readonly engine: FakeEngine;
  readonly log: SharedLog;
  /** All messages and notices that it read. */
  readonly entries: string[];
  /** Its clients that have an id and have not left. */
  readonly clients: number[];
  /** The lines that its clients sent, by id. */
  readonly sent: Map<number, string[]>;
  tokens: number;
  lostCode: string | undefined;
  /** Number of warnings about records that no relay wrote. */
  skips: number;
  isClosed: boolean;
  /** Whether it was stopped or disconnected at some time. */
  wasInterrupted: boolean;
}

type Action =
  | {
      readonly kind:
        | 'start'
        | 'connect'
        | 'leave'
        | 'kill'
        | 'stop'
        | 'continue'
        | 'disconnect'
        | 'reconnect'
        | 'close';
      readonly relay: number;
    }
  | { readonly kind: 'send'; readonly relay: number; readonly client: number; readonly length: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'limit'; readonly bytes: number }
  | { readonly kind: 'junk'; readonly text: string };

/** Records that no relay wrote. */
const junk = fc.constantFrom(
  '',
  'hello',
  '\xff\0{',
  '{"v":2,"epoch":"later","n":0,"events":[]}\n',
  '{"v":1,"epoch":"e","n":0,"events":[["lines",0,9]]}\nshort',
  '{"v":1,"epoch":"never started","n":3,"events":[["arrived",0]]}\n',
);
const relay = fc.nat(3);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      relay,
      client: fc.nat(5),
      length: fc.nat(700),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('connect' as const), relay }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(800) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('start', 'leave', 'stop', 'continue', 'disconnect', 'reconnect'),
      relay,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('kill', 'close'), relay }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('limit' as const), bytes: fc.integer({ min: 256, max: 900 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('junk' as const), text: junk }) },
);

class SimulatedRoom {
  readonly time = new SimulatedTime();
  readonly room = new FakeRoom(this.time);
  readonly relays: SimulatedRelay[] = [];
  readonly #faults: Faults;
  #lines = 0;

  constructor(seed: number) {
    this.room.maxRecordBytes = MAX_RECORD_BYTES;
    const next = random(seed);
    this.#faults = {
      delayMs: () => Math.floor(next() * next() * 40),
      losesAcknowledgement: () => next() < 0.1,
      storesTwice: () => next() < 0.1,
      losesHeartbeat: () => next() < 0.05,
    };
  }

  async start(): Promise<void> {
    const engine = this.room.open(this.#faults);
    let log: SharedLog | undefined;
    joinRoom({ engine, clock: engine.clock, heartbeatMs: HEARTBEAT_MS }).then(
      (joined) => {
        log = joined;
      },
      () => {},
    );
    for (let i = 0; i < 1000 && log === undefined; i++) await this.time.advance(20);
    if (log === undefined) throw new Error('the relay did not join the room');
    const started: SimulatedRelay = {
      engine,
      log,
      entries: [],
      clients: [],
      sent: new Map(),
      tokens: 0,
      lostCode: undefined,
      skips: 0,
      isClosed: false,
      wasInterrupted: false,
    };
    log.read(readerOf(started));
    this.relays.push(started);
  }

  async run(step: Action): Promise<void> {
    if (step.kind === 'wait') {
      await this.time.advance(step.ms);
      return;
    }
    if (step.kind === 'limit') {
      this.room.maxRecordBytes = step.bytes;
      return;
    }
    if (step.kind === 'junk') {
      this.room.append(Buffer.from(step.text, 'latin1'));
      return;
    }
    if (step.kind === 'start') {
      if (this.relays.filter(({ engine }) => !engine.isDead).length < MAX_RELAYS) await this.start();
      return;
    }
    const working = this.relays.filter(isWorking);
    const chosen = working[step.relay % Math.max(1, working.length)];
    if (chosen === undefined) return;
    const { engine } = chosen;
    switch (step.kind) {
      case 'stop':
      case 'disconnect':
        chosen.wasInterrupted = true;
        engine[step.kind]();
        return;
      case 'continue':
      case 'reconnect':
      case 'kill':
        engine[step.kind]();
        return;
      default:
        // The code of a stopped process does not run.
        if (!engine.isStopped) this.#act(chosen, step);
    }
  }

  #act(chosen: SimulatedRelay, step: Action): void {
    const { log, clients } = chosen;
    if (step.kind === 'connect') log.append({ kind: 'connected', token: chosen.tokens++ });
    else if (step.kind === 'send') {
      const client = clients[step.client % Math.max(1, clients.length)];
      if (client === undefined) return;
      const bytes = `line ${this.#lines++} ${'x'.repeat(step.length)}`;
      chosen.sent.get(client)?.push(bytes);
      log.append({ kind: 'lines', client, bytes });
    } else if (step.kind === 'leave') {
      const client = clients.shift();
      if (client !== undefined) log.append({ kind: 'left', client });
    } else {
      chosen.isClosed = true;
      void log.close().then(() => log.destroy());
    }
  }

  /** Ends all interruptions and waits until nothing more happens. */
  async settle(): Promise<void> {
    for (const { engine } of this.relays) {
      engine.reconnect();
      engine.continue();
    }
    for (let count = -1; count !== this.room.records.length; ) {
      count = this.room.records.length;
      await this.time.advance(5000);
    }
  }
}

function isWorking({ engine, lostCode, isClosed }: SimulatedRelay): boolean {
  return !engine.isDead && lostCode === undefined && !isClosed;
}

function readerOf(simulated: SimulatedRelay): EventLogReader {
  const { entries, clients, sent } = simulated;
  return {
    onIdAssigned: (_token, client) => {
      if (!simulated.isClosed) clients.push(client);
      sent.set(client, []);
    },
    onJoined: (client) => entries.push(`joined ${client}`),
    onLines: (client, bytes) => entries.push(`${client}: ${bytes}`),
    onLeft: (client) => {
      entries.push(`left ${client}`);
      if (clients.includes(client)) clients.splice(clients.indexOf(client), 1);
    },
    isFull: () => false,
    onDrain: () => {},
    onWarning: ({ code, message }) => {
      if (code === 'ERR_ROOM_FOREIGN') simulated.skips++;
      if (code === 'ERR_ROOM_GAP') throw new Error(`the fake engine loses no records: ${message}`);
    },
    onOutage: () => {},
    onReconnect: () => {},
    onLost: ({ code }) => {
      simulated.lostCode = code;
    },
  };
}

/** Computes the entries of the whole log from its records, in the simplest way. */
function expectedEntries({ records }: FakeRoom): string[] {
  const entries: string[] = [];
  const seen = new Set<string>();
  const started = new Set<string>();
  const down = new Set<string>();
  const owners = new Map<number, string>();
  const parts = new Map<number, string>();
  let nextId = 0;
  for (const { bytes } of records) {
    const record = decode(bytes);
    if (record === undefined) continue;
    const { instanceId, number, events } = record;
    if (number > 0 && !started.has(instanceId)) continue;
    if (seen.has(`${instanceId} ${number}`) || down.has(instanceId)) continue;
    seen.add(`${instanceId} ${number}`);
    started.add(instanceId);
    for (const event of events) {
      if (event.kind === 'connected') {
        owners.set(nextId, instanceId);
        entries.push(`joined ${nextId++}`);
      } else if (event.kind === 'down') {
        if (down.has(event.instanceId) || !started.has(event.instanceId)) continue;
        down.add(event.instanceId);
        for (const [client, owner] of owners) {
          if (owner !== event.instanceId) continue;
          entries.push(`left ${client}`);
          owners.delete(client);
        }
      } else if (owners.get(event.client) === instanceId) {
        const { client } = event;
        if (event.kind === 'left') {
          owners.delete(client);
          entries.push(`left ${client}`);
        } else if (event.kind === 'part') parts.set(client, (parts.get(client) ?? '') + event.bytes);
        else if (event.kind === 'lines') {
          entries.push(`${client}: ${parts.get(client) ?? ''}${event.bytes}`);
          parts.delete(client);
        }
      }
    }
  }
  return entries;
}

function decode(bytes: Uint8Array): LogRecord | undefined {
  try {
    return decodeRecord(bytes);
  } catch {
    return undefined;
  }
}

function check({ room, relays }: SimulatedRoom): void {
  const all = expectedEntries(room);
  const joins = all.filter((entry) => entry.startsWith('joined '));
  const leaves = all.filter((entry) => entry.startsWith('left '));
  expect(joins, 'ids without gaps').to.deep.equal(joins.map((_, id) => `joined ${id}`));
  expect(new Set(leaves).size, 'one end for each client').to.equal(leaves.length);
  const present = joins.length - leaves.length;
  for (const simulated of relays) {
    checkOrder(all, simulated.entries, isWorking(simulated));
    checkSent(all, simulated);
    if (isWorking(simulated)) expect(simulated.log.state.members.size).to.equal(present);
    const allowed = simulated.wasInterrupted ? [undefined, 'ERR_ROOM_DOWN'] : [undefined];
    expect(simulated.skips, 'one warning of each kind').to.be.at.most(2);
    expect(simulated.lostCode, 'only interrupted relays are declared dead').to.be.oneOf(allowed);
  }
  const working = relays.filter(isWorking);
  if (working.length > 0) {
    const expected = working.reduce((sum, { clients }) => sum + clients.length, 0);
    expect(present, 'no clients of relays that have ended').to.equal(expected);
  }
}

/** A relay reads a continuous piece of the log: to the end if it still works. All entries differ from each other. */
function checkOrder(all: readonly string[], entries: readonly string[], works: boolean): void {
  const start = entries.length === 0 ? all.length : all.indexOf(entries[0] as string);
  expect(start).to.be.at.least(0);
  expect(entries).to.deep.equal(works ? all.slice(start) : all.slice(start, start + entries.length));
}

/** The log has the lines of each client once and in order. Only a relay that ended may have lost the last ones. */
function checkSent(all: readonly string[], simulated: SimulatedRelay): void {
  for (const [client, lines] of simulated.sent) {
    const prefix = `${client}: `;
    const stored = all.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length));
    expect(stored).to.deep.equal(isWorking(simulated) ? lines : lines.slice(0, stored.length));
  }
}

describe('several relays over a faulty engine, simulated', () => {
  it('agree on one order, and no line is lost or repeated', async () => {
    const actions = fc.array(action, { minLength: 5, maxLength: 150, size: 'max' });
    await checkProperty(
      'room/shared/simulation',
      60,
      fc.asyncProperty(fc.nat(), actions, async (seed, steps) => {
        const simulated = new SimulatedRoom(seed);
        for (let i = 0; i < 2; i++) await simulated.start();
        for (const step of steps) await simulated.run(step);
        await simulated.settle();
        check(simulated);
      }),
    );
  });
});
