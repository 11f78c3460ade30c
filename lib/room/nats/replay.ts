import { render, renderPieces } from '../../protocol/render.js';
import { type Clock, nodeEnvironment } from '../../util/environment.js';
import { MiniServError } from '../../util/errors.js';
import type { RoomStateReader } from '../event-log.js';
import type { Credentials } from '../options.js';
import { type LogRecord, RoomState } from '../room-state.js';
import { Outage } from '../shared/outage.js';
import { decodeRecord } from '../shared/record.js';
import { decodeSnapshot, type Snapshot } from '../shared/snapshot.js';
import { connectTo, disconnect } from './connection.js';
import { NatsEngine } from './nats-engine.js';
import { loadPackages } from './packages.js';
import { parseRoomUrl } from './room-url.js';
import { findStream, namesOf } from './streams.js';

export interface ReplayOptions extends Credentials {
  /** From when to when, in milliseconds since 1970. Default: all that is kept. */
  readonly since?: number;
  readonly until?: number;
  /** How long the engine may be out of reach before it is given up, in ms. Default: for ever. */
  readonly timeout?: number;
  readonly clock?: Clock;
  /** Takes what was said, as it stands on the wire: latin1, a character a byte. Reading waits for what it promises. */
  readonly said: (bytes: string, time: number) => void | Promise<void>;
  /** Told something that is worth knowing. */
  readonly note?: (message: string) => void;
}

/**
 * Reads what was said in a room, up to now, without joining it.
 *
 * @throws {MiniServError} as `openRoom` does; ERR_ROOM_FOREIGN if there is no such room
 */
export async function replayRoom(url: string, options: ReplayOptions): Promise<void> {
  const { since = 0, until = Number.POSITIVE_INFINITY, timeout, note = () => {} } = options;
  const { said, clock = nodeEnvironment.clock } = options;
  const parsed = parseRoomUrl(url);
  const packages = await loadPackages();
  const waiting = ({ message }: MiniServError): void => note(message);
  const connecting = { packages, url: parsed, credentials: options, clock, beat: 1000, timeout, waiting };
  const connection = await connectTo(connecting);
  try {
    const names = namesOf(parsed.room);
    const jsm = await packages.jetstream.jetstreamManager(connection, { checkAPI: false });
    const info = await findStream(jsm, names.log);
    if (info === undefined) {
      throw new MiniServError('ERR_ROOM_FOREIGN', `there is no room ${parsed.room} at ${parsed.shown}`);
    }
    const { first_seq: first, last_seq: last, messages } = info.state;
    if (messages === 0) return;
    const rosters = await findStream(jsm, names.roster);
    const rosterAt = async (seq: number): Promise<Snapshot | undefined> => {
      const message = await jsm.streams.getMessage(names.roster, { seq });
      const roster = message === null ? undefined : decodeSnapshot(message.data);
      return roster?.identity === info.created ? roster : undefined;
    };
    const roster = rosters && (await findRoster(rosters.state, rosterAt, since, first));
    const fold = roster === undefined ? new RoomState() : RoomState.from(roster.fold);
    const asOf = roster?.asOf ?? 0;
    const from = fold.oldest ?? asOf + 1;
    if (from < first) {
      throw new MiniServError(
        'ERR_ROOM_GAP',
        `of the room no roster is kept that is as of ${first} or later`,
      );
    }
    if (since < Date.parse(info.state.first_ts) && first > 1)
      note(`the room is kept from ${info.state.first_ts} on`);
    const engine = new NatsEngine({
      packages,
      connection,
      clock,
      room: parsed.room,
      jetstream: packages.jetstream.jetstream(connection),
      jsm,
      info,
      roster: undefined,
    });
    const replay = new Replay(engine, {
      fold,
      asOf,
      from,
      last,
      since,
      until,
      said,
      time: roster?.time ?? 0,
      away: (end) =>
        new Outage({
          clock,
          name: parsed.shown,
          timeout,
          away: ({ message }) => note(message),
          back: () => note('the engine is back: all go on'),
          lost: end,
        }),
    });
    await replay.done.finally(() => engine.close());
  } finally {
    await disconnect(connection);
  }
}

/** The last roster before a time; if there is none, the first that can be gone on from; none for the beginning. */
async function findRoster(
  { first_seq, last_seq }: { first_seq: number; last_seq: number },
  rosterAt: (seq: number) => Promise<Snapshot | undefined>,
  since: number,
  first: number,
): Promise<Snapshot | undefined> {
  const usable = (roster: Snapshot): boolean =>
    (RoomState.from(roster.fold).oldest ?? roster.asOf + 1) >= first;
  // Of an empty stream the first is 0.
  let low = Math.max(1, first_seq);
  let high = last_seq;
  let best: Snapshot | undefined;
  let earliest: Snapshot | undefined;
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    const roster = await rosterAt(middle);
    if (roster === undefined || !usable(roster)) low = middle + 1;
    else if (roster.time < since) {
      best = roster;
      low = middle + 1;
    } else {
      earliest = roster;
      high = middle - 1;
    }
  }
  if (best !== undefined) return best;
  return first <= 1 ? undefined : earliest;
}

interface Range {
  readonly fold: RoomState;
  readonly asOf: number;
  readonly from: number;
  readonly last: number;
  readonly since: number;
  readonly until: number;
  readonly said: ReplayOptions['said'];
  readonly time: number;
  /** Made once: says when the engine is out of reach, and ends all if that lasts too long. */
  readonly away: (end: (reason: MiniServError) => void) => Outage;
}

class Replay implements RoomStateReader {
  readonly done: Promise<void>;
  readonly #engine: NatsEngine;
  readonly #range: Range;
  #time: number;
  #end: (error?: Error) => void = () => {};
  #waiting: Promise<void>[] = [];

  constructor(engine: NatsEngine, range: Range) {
    this.#engine = engine;
    this.#range = range;
    this.#time = range.time;
    this.done = new Promise((resolve, reject) => {
      this.#end = (error) => {
        away.stop();
        if (error === undefined) resolve();
        else reject(error);
      };
    });
    const away = range.away((reason) => this.#end(reason));
    if (range.asOf >= range.last) {
      this.#end();
      return;
    }
    engine.read(range.from, {
      onRecord: (place, time, bytes) => this.#record(place, time, bytes),
      onHeartbeat: () => {},
      onOutage: (reason) => away.is('connection', reason),
      onReconnect: () => away.isNot('connection'),
      onLost: (reason) => this.#end(reason),
    });
  }

  onIdAssigned(): void {}

  onJoined(client: number, silent: boolean): void {
    if (!silent) this.#say(render({ kind: 'arrived', client, silent }));
  }

  onLines(client: number, bytes: string): void {
    for (const piece of renderPieces(client, bytes)) this.#say(piece);
  }

  onLeft(client: number, silent: boolean): void {
    if (!silent) this.#say(render({ kind: 'left', client, silent }));
  }

  #say(bytes: string): void {
    const { since, until, said } = this.#range;
    if (this.#time < since || this.#time > until) return;
    const waiting = said(bytes, this.#time);
    if (waiting !== undefined) this.#waiting.push(waiting);
  }

  #record(place: number, time: number, bytes: Uint8Array): void {
    const { fold, asOf, last } = this.#range;
    let record: LogRecord;
    try {
      record = decodeRecord(bytes);
    } catch (cause) {
      this.#end(new MiniServError('ERR_ROOM_FOREIGN', `record ${place} is none of a room`, { cause }));
      return;
    }
    if (place <= asOf) {
      fold.again(record, place);
      return;
    }
    this.#time = Math.max(this.#time, time);
    fold.apply(record, this, '', place);
    if (place >= last) this.#engine.pause();
    if (this.#waiting.length === 0) {
      if (place >= last) this.#end();
      return;
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#engine.pause();
    Promise.all(waiting).then(
      () => (place >= last ? this.#end() : this.#engine.resume()),
      (error: Error) => this.#end(error),
    );
  }
}
