import { isCount } from '../util/is-count.js';
import { type Member, RoomState } from './room-state.js';
import { UnfinishedLine } from './unfinished-line.js';

/** A {@link RoomState} as plain data. Stored snapshots have this format: the names of the fields must not change. */
export interface RoomStateData {
  /** The next id. */
  readonly next: number;
  /** Active instances, with the number of the last record of each. */
  readonly runs: readonly (readonly [instanceId: string, lastNumber: number])[];
  /** Instances that have ended, oldest first. */
  readonly dead: readonly string[];
  /** The clients of each instance, in the order of `runs`, sorted by id. */
  readonly clients: readonly (readonly number[])[];
  /** Clients that have not been announced. */
  readonly silent: readonly number[];
  /** Clients that do not receive the room yet. */
  readonly outside: readonly number[];
  /** Unfinished lines, each with the sequence and the number of the record in which it starts. */
  readonly open: readonly (readonly [client: number, startSequence: number, startNumber: number])[];
}

/** Whether a value that was read from an engine is a {@link RoomStateData} that can be restored. */
export function isRoomStateData(value: unknown): value is RoomStateData {
  const { next, runs, dead, clients, silent, outside, open } = Object(value);
  if (!isCount(next) || !isListOf(runs, isRun) || !isListOf(dead, isText)) return false;
  if (!isListOf(clients, (list) => isListOf(list, isCount)) || clients.length !== runs.length) return false;
  const ids = new Set((clients as number[][]).flat());
  const isLine = (item: unknown): boolean =>
    isListOf(item, isCount) && item.length === 3 && ids.has(Number(item[0]));
  return isListOf(silent, isCount) && isListOf(outside, isCount) && isListOf(open, isLine);
}

function isListOf(value: unknown, accepts: (item: unknown) => boolean): value is unknown[] {
  return Array.isArray(value) && value.every(accepts);
}

function isRun(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && isText(value[0]) && isCount(value[1]);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

export function saveRoomState({ nextId, instances, members, unfinishedLines }: RoomState): RoomStateData {
  const active = [...instances];
  const clients = new Map(active.map((instance) => [instance, [] as number[]]));
  for (const [client, { instance }] of members) clients.get(instance)?.push(client);
  const idsWhere = (condition: (member: Member) => boolean): number[] =>
    [...members].filter(([, member]) => condition(member)).map(([client]) => client);
  return {
    next: nextId,
    runs: active.map(({ id, lastNumber }) => [id, lastNumber]),
    dead: instances.downIds,
    clients: [...clients.values()],
    silent: idsWhere(({ announced }) => !announced),
    outside: idsWhere(({ joined }) => !joined),
    open: [...unfinishedLines.values()].map(({ client, startSequence, startNumber }) => [
      client,
      startSequence,
      startNumber,
    ]),
  };
}

/** Restores a state. The parts of its unfinished lines are missing until the caller has used `reread`. */
export function restoreRoomState(data: RoomStateData): RoomState {
  const state = new RoomState();
  state.nextId = data.next;
  for (const id of data.dead) state.instances.addDown(id);
  const silent = new Set(data.silent);
  const outside = new Set(data.outside);
  const members: [client: number, member: Member][] = [];
  for (const [i, [id, lastNumber]] of data.runs.entries()) {
    const instance = state.instances.add(id, lastNumber);
    for (const client of data.clients[i] as readonly number[]) {
      members.push([client, { instance, announced: !silent.has(client), joined: !outside.has(client) }]);
    }
  }
  // When an instance ends, its clients leave in the order of the map, which must be that of their ids on every relay.
  members.sort(([a], [b]) => a - b);
  for (const [client, member] of members) state.members.set(client, member);
  for (const [client, startSequence, startNumber] of data.open) {
    const { id } = (state.members.get(client) as Member).instance;
    state.unfinishedLines.set(client, new UnfinishedLine(id, client, startSequence, startNumber));
  }
  return state;
}
