import { expect } from 'chai';
import { type Client, connect } from './client.js';
import { type Server, type StartOptions, startServer } from './command.js';
import { random } from './random.js';
import { eventually } from './waiting.js';

/** A short heartbeat, so that a dead relay is noticed within three seconds. */
const HEARTBEAT = ['--room-heartbeat', '400ms'];

/** Starts the command as a relay of a shared room. */
export function startRelay(url: string, args: string[] = [], options: StartOptions = {}): Promise<Server> {
  return startServer({ ...options, args: ['--room', url, ...HEARTBEAT, ...args] });
}

export type RoomClient = Client & { id: number };

let marks = 0;

/**
 * Connects a client and waits until it has joined. Its id is known from the transcript of the relay, where a line that
 * only this client sends has the id in its prefix.
 */
export async function enter(relay: Server): Promise<RoomClient> {
  const start = relay.stdout.bytes.length;
  const client = await connect(relay);
  const mark = `mark-${process.pid}-${marks++}`;
  await client.send(`${mark}\n`);
  const line = new RegExp(`client(?: |":)(\\d+)(?:: |,"text":")${mark}\\b`);
  let id = Number.NaN;
  await relay.stdout.until((bytes) => {
    id = Number(line.exec(bytes.subarray(start).toString('latin1'))?.[1]);
    return !Number.isNaN(id);
  });
  return Object.assign(client, { id });
}

/** Connects `count` clients to each relay, in turn, so that their ids are known. */
export async function enterAll(relays: readonly Server[], count: number): Promise<RoomClient[]> {
  const clients: RoomClient[] = [];
  for (let i = 0; i < count; i++) for (const relay of relays) clients.push(await enter(relay));
  return clients;
}

/** The lines that clients have sent, by id, in their order. */
export type SentLines = ReadonlyMap<number, readonly string[]>;

/** Sends `count` lines from each client, interleaved and grouped at random. */
export async function sendLines(
  clients: readonly RoomClient[],
  count: number,
  seed: number,
): Promise<SentLines> {
  const next = random(seed);
  const sent = new Map<number, string[]>(clients.map(({ id }) => [id, []]));
  const remaining = new Map(clients.map((client) => [client, count]));
  while (remaining.size > 0) {
    const [client, left] = [...remaining][Math.floor(next() * remaining.size)] as [RoomClient, number];
    const group = Math.min(left, 1 + Math.floor(next() * 20));
    const lines = Array.from(
      { length: group },
      (_, i) => `${client.id}/${count - left + i} ${'x'.repeat(next() * next() * 300)}`,
    );
    sent.get(client.id)?.push(...lines);
    client.socket.write(`${lines.join('\n')}\n`);
    if (left === group) remaining.delete(client);
    else remaining.set(client, left - group);
    if (next() < 0.2) await new Promise((resolve) => setImmediate(resolve));
  }
  return sent;
}

/** The transcript from a line on. */
export function startingWith(transcript: string, line: string): string {
  const at = transcript.indexOf(line);
  if (at === -1) throw new Error(`the transcript does not contain ${JSON.stringify(line)}`);
  return transcript.slice(at);
}

/** The lines of a client in a transcript, without the line of `enter`. */
export function linesOf(transcript: string, id: number): string[] {
  const prefix = `client ${id}: `;
  return transcript
    .split('\n')
    .filter((line) => line.startsWith(prefix) && !line.includes('mark-'))
    .map((line) => line.slice(prefix.length));
}

/** Waits until the transcript of a relay contains the last line of each client. */
export async function untilAllRead(relay: Server, sent: SentLines): Promise<void> {
  const lastLines = [...sent].flatMap(([id, lines]) =>
    lines.length === 0 ? [] : [`client ${id}: ${lines.at(-1)}\n`],
  );
  await eventually('all lines', () => lastLines.every((line) => relay.stdout.text.includes(line)));
}

/**
 * Expects one order on all relays. The transcripts agree from the first common line on, and the lines of each client
 * are complete and in order. Each client has received the transcript from its arrival on, without its own messages.
 */
export async function expectOneOrder(
  relays: readonly Server[],
  clients: readonly RoomClient[],
  sent: SentLines,
): Promise<void> {
  for (const relay of relays) await untilAllRead(relay, sent);
  const ends = () => new Set(relays.map(({ stdout }) => stdout.text.slice(-200)));
  await eventually('the same end of all transcripts', () => ends().size === 1);
  const [first, ...others] = relays.map(({ stdout }) => stdout.text) as [string, ...string[]];
  for (const other of others) {
    const firstLine = other.slice(0, other.indexOf('\n') + 1);
    // Not deep equal: the difference of two transcripts would fill the screen.
    expect(other === startingWith(first, firstLine), 'equal transcripts').to.equal(true);
  }
  for (const [id, lines] of sent) expect(linesOf(first, id)).to.deep.equal(lines);
  for (const client of clients) await expectReceived(client, first);
}

async function expectReceived({ id, inbox }: RoomClient, transcript: string): Promise<void> {
  const own = new RegExp(`^(client ${id}: .*|server: client ${id} just (arrived|left))\n`, 'gm');
  const expected = startingWith(transcript, `server: client ${id} just arrived\n`).replace(own, '');
  await eventually(`all bytes of client ${id}`, () => inbox.length >= expected.length);
  expect(inbox.text === expected, `client ${id} received the transcript`).to.equal(true);
}
