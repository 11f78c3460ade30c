import { expect } from 'chai';
import fc from 'fast-check';
import type { EventLogReader } from '../../../lib/room/event-log.js';
import { decodeRecord } from '../../../lib/room/shared/record.js';
import { joinRoom, type SharedLog } from '../../../lib/room/shared/shared-log.js';
import { type FakeEngine, FakeRoom, Simulation, type Weather } from '../../support/fake-engine.js';
import { random } from '../../support/random.js';

/** One relay of a simulated room: what it reads, and what it said itself. */
interface Member {
  readonly engine: FakeEngine;
  readonly log: SharedLog;
  readonly heard: string[];
  /** Its own clients that have their id and have not been told to leave. */
  readonly clients: number[];
  readonly said: Map<number, string[]>;
  /** Its clients' ids, by their tokens. */
  readonly ids: Map<number, number>;
  tokens: number;
  lost: string | undefined;
  closed: boolean;
  /** It was stopped or cut off at some time. */
  troubled: boolean;
}

type Action =
  | {
      readonly kind: 'start' | 'arrive' | 'leave' | 'kill' | 'stop' | 'continue' | 'cut' | 'heal' | 'close';
      readonly relay: number;
    }
  | { readonly kind: 'say'; readonly relay: number; readonly client: number; readonly length: number }
  | { readonly kind: 'wait'; readonly ms: number };

const relay = fc.nat(3);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('say'), relay, client: fc.nat(5), length: fc.nat(700) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('arrive'), relay }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.nat(800) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('start', 'leave', 'stop', 'continue', 'cut', 'heal'),
      relay,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('kill', 'close'), relay }) },
) as fc.Arbitrary<Action>;

/** Records hold so little here that lines of a few hundred bytes go over several. */
const MOST = 400;
const BEAT = 100;

class World {
  readonly simulation = new Simulation();
  readonly room = new FakeRoom(this.simulation);
  readonly members: Member[] = [];
  #said = 0;
  readonly #chance: () => number;

  constructor(seed: number) {
    this.#chance = random(seed);
  }

  get weather(): Weather {
    const chance = this.#chance;
    return {
      delay: () => Math.floor(chance() * chance() * 40),
      ackLost: () => chance() < 0.1,
      doubled: () => chance() < 0.1,
      beatLost: () => chance() < 0.05,
    };
  }

  async start(): Promise<void> {
    const engine = this.room.open(this.weather, MOST);
    const joining = joinRoom({ engine, clock: engine.clock, heartbeatMs: BEAT });
    let log: SharedLog | undefined;
    joining.then(
      (joined) => {
        log = joined;
      },
      () => {},
    );
    for (let i = 0; i < 1000 && log === undefined; i++) await this.simulation.advance(20);
    if (log === undefined) throw new Error('it has not joined');
    const ids = new Map<number, number>();
    const member: Member = {
      engine,
      log,
      heard: [],
      clients: [],
      said: new Map(),
      ids,
      tokens: 0,
      lost: undefined,
      closed: false,
      troubled: false,
    };
    const heard = (line: string): void => void member.heard.push(line);
    const reader: EventLogReader = {
      onIdAssigned: (token, client) => {
        ids.set(token, client);
        if (!member.closed) member.clients.push(client);
        member.said.set(client, []);
      },
      onJoined: (client) => heard(`arrived ${client}`),
      onLines: (client, bytes) => heard(`${client}: ${bytes}`),
      onLeft: (client) => {
        heard(`left ${client}`);
        if (member.clients.includes(client)) member.clients.splice(member.clients.indexOf(client), 1);
      },
      isFull: () => false,
      onDrain: () => {},
      onWarning: ({ code }) => {
        if (code === 'ERR_ROOM_GAP') throw new Error('the engine loses nothing here');
      },
      onOutage: () => {},
      onReconnect: () => {},
      onLost: ({ code }) => {
        member.lost = code;
      },
    };
    log.read(reader);
    this.members.push(member);
  }

  living(index: number): Member | undefined {
    const living = this.members.filter((m) => !m.engine.isDead && m.lost === undefined && !m.closed);
    return living[index % Math.max(1, living.length)];
  }

  async do(action: Action): Promise<void> {
    if (action.kind === 'wait') {
      await this.simulation.advance(action.ms);
      return;
    }
    if (action.kind === 'start') {
      if (this.members.filter((m) => !m.engine.isDead).length < 4) await this.start();
      return;
    }
    const member = this.living(action.relay);
    if (member === undefined) return;
    const { engine, log } = member;
    if (action.kind === 'say') {
      const client = member.clients[action.client % Math.max(1, member.clients.length)];
      if (client === undefined || engine.stopped) return;
      const bytes = `line ${this.#said++} ${'x'.repeat(action.length)}`;
      member.said.get(client)?.push(bytes);
      log.append({ kind: 'lines', client, bytes });
    } else if (action.kind === 'arrive') {
      if (!engine.stopped) log.append({ kind: 'connected', token: member.tokens++ });
    } else if (action.kind === 'leave') {
      const client = engine.stopped ? undefined : member.clients.shift();
      if (client !== undefined) log.append({ kind: 'left', client });
    } else if (action.kind === 'close') {
      if (engine.stopped) return;
      member.closed = true;
      void log.close().then(() => log.destroy());
    } else {
      member.troubled ||= action.kind === 'stop' || action.kind === 'cut';
      engine[action.kind]();
    }
  }

  /** All that can come back comes back, and all that is under way gets there. */
  async settle(): Promise<void> {
    for (const { engine } of this.members) {
      engine.heal();
      engine.continue();
    }
    const before = (): number => this.room.records.length;
    for (let count = -1; count !== before(); ) {
      count = before();
      await this.simulation.advance(5000);
    }
  }
}

/** What the records amount to, told once more and as simply as can be. */
function transcript(room: FakeRoom): string[] {
  const lines: string[] = [];
  const seen = new Set<string>();
  const dead = new Set<string>();
  const owner = new Map<number, string>();
  const parts = new Map<number, string>();
  let next = 0;
  for (const { bytes } of room.records) {
    const { instanceId: epoch, n, events } = decodeRecord(bytes);
    if (seen.has(`${epoch} ${n}`) || dead.has(epoch)) continue;
    seen.add(`${epoch} ${n}`);
    for (const event of events) {
      if (event.kind === 'connected') {
        owner.set(next, epoch);
        lines.push(`arrived ${next++}`);
      } else if (event.kind === 'down') {
        if (dead.has(event.instanceId) || ![...seen].some((id) => id.startsWith(`${event.instanceId} `)))
          continue;
        dead.add(event.instanceId);
        for (const [client, of] of owner) {
          if (of !== event.instanceId) continue;
          lines.push(`left ${client}`);
          owner.delete(client);
        }
      } else if (owner.get(event.client) === epoch) {
        if (event.kind === 'left') {
          owner.delete(event.client);
          lines.push(`left ${event.client}`);
        } else if (event.kind === 'part') {
          parts.set(event.client, (parts.get(event.client) ?? '') + event.bytes);
        } else if (event.kind === 'lines') {
          lines.push(`${event.client}: ${parts.get(event.client) ?? ''}${event.bytes}`);
          parts.delete(event.client);
        }
      }
    }
  }
  return lines;
}

async function play(seed: number, actions: readonly Action[]): Promise<World> {
  const world = new World(seed);
  for (let i = 0; i < 2; i++) await world.start();
  for (const action of actions) await world.do(action);
  await world.settle();
  return world;
}

function check({ room, members }: World): void {
  const all = transcript(room);
  // Ids are dense, in their order, and each client leaves at most once.
  const arrivals = all.filter((line) => line.startsWith('arrived '));
  expect(arrivals).to.deep.equal(arrivals.map((_, id) => `arrived ${id}`));
  const leaves = all.filter((line) => line.startsWith('left '));
  expect(new Set(leaves).size).to.equal(leaves.length);
  for (const { heard, engine, lost, closed, log } of members) {
    const going = !engine.isDead && lost === undefined && !closed;
    // Where it came in is known by what it heard first; all lines are different from each other.
    const start = heard.length === 0 ? all.length : all.indexOf(heard[0] as string);
    expect(start).to.be.at.least(0);
    const expected = going ? all.slice(start) : all.slice(start, start + heard.length);
    expect(heard).to.deep.equal(expected);
    if (going) expect(log.fold.size).to.equal(arrivals.length - leaves.length);
  }
  // What each client said is there once and in its order; all of it, unless its relay has come to a bad end.
  for (const { said, engine, lost, closed } of members) {
    for (const [client, lines] of said) {
      const there = all
        .filter((line) => line.startsWith(`${client}: `))
        .map((line) => line.slice(`${client}: `.length));
      const bad = engine.isDead || lost !== undefined || closed;
      expect(there).to.deep.equal(bad ? lines.slice(0, there.length) : lines);
    }
  }
  // Of relays that are gone nobody is left, once somebody is there to find them dead.
  const living = members.filter(
    ({ engine, lost, closed }) => !engine.isDead && lost === undefined && !closed,
  );
  if (living.length > 0) {
    const present = living.reduce((sum, { clients }) => sum + clients.length, 0);
    expect(arrivals.length - leaves.length).to.equal(present);
  }
  // Nobody is taken for dead who was there all the time.
  for (const { lost, troubled } of members) {
    expect(lost).to.be.oneOf(troubled ? [undefined, 'ERR_ROOM_DOWN'] : [undefined]);
  }
}

describe('a room that several relays share, simulated', () => {
  it('is the same for all of them, and loses and doubles nothing, whatever the engine and they do', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.array(action, { minLength: 5, maxLength: 150, size: 'max' }),
        async (seed, actions) => {
          check(await play(seed, actions));
        },
      ),
      { numRuns: Number(process.env.MINI_SERV_RUNS ?? 60) },
    );
  });
});
