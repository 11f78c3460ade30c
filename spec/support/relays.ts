import { arrive, type Client } from './client.js';
import { type Server, type StartOptions, startServer } from './command.js';
import { random } from './random.js';
import { eventually } from './waiting.js';

/** Beats so often that a death is known of within three seconds. */
export const BEAT = ['--room-heartbeat', '400ms'];

/** A relay of a shared room, as the command. */
export function startRelay(url: string, args: string[] = [], options: StartOptions = {}): Promise<Server> {
  return startServer({ ...options, args: ['--room', url, ...BEAT, ...args] });
}

/** A client that has arrived: its relay's transcript says so. */
export async function enter(relay: Server): Promise<Client & { id: number }> {
  const before = relay.stdout.text.length;
  const client = await arrive(relay);
  // Nobody else enters by this relay meanwhile, but others may by another: what one says tells who one is.
  const mark = `who am I ${Math.random()}`;
  await client.send(`${mark}\n`);
  const line = new RegExp(`client(?: |":)(\\d+)(?:: |,"text":")${mark.replace('.', '\\.')}`);
  await relay.stdout.until((bytes) =>
    line.test(bytes.subarray(Math.max(0, before - 100)).toString('latin1')),
  );
  const id = Number(line.exec(relay.stdout.text)?.[1]);
  return Object.assign(client, { id });
}

/** All that clients say, by their ids, in their order. */
export type Said = Map<number, string[]>;

/** Has clients say so many lines each, some at a time, at random. */
export async function chatter(
  clients: readonly (Client & { id: number })[],
  lines: number,
  seed: number,
): Promise<Said> {
  const chance = random(seed);
  const said: Said = new Map(clients.map(({ id }) => [id, []]));
  const left = new Map(clients.map((client) => [client, lines]));
  while (left.size > 0) {
    const [client, more] = [...left][Math.floor(chance() * left.size)] as [Client & { id: number }, number];
    const count = Math.min(more, 1 + Math.floor(chance() * 20));
    const chosen = Array.from(
      { length: count },
      (_, i) => `${client.id}/${lines - more + i} ${'x'.repeat(chance() * chance() * 300)}`,
    );
    said.get(client.id)?.push(...chosen);
    client.socket.write(`${chosen.join('\n')}\n`);
    if (more === count) left.delete(client);
    else left.set(client, more - count);
    if (chance() < 0.2) await new Promise((resolve) => setImmediate(resolve));
  }
  return said;
}

/** The transcript from a line on. */
export function from(transcript: string, line: string): string {
  const at = transcript.indexOf(line);
  if (at === -1) throw new Error(`there is no ${JSON.stringify(line)}`);
  return transcript.slice(at);
}

/** What a client has said, as the transcript has it. */
export function linesOf(transcript: string, id: number): string[] {
  const prefix = `client ${id}: `;
  return transcript
    .split('\n')
    .filter((line) => line.startsWith(prefix) && !line.includes('who am I'))
    .map((line) => line.slice(prefix.length));
}

/** Waits until a relay's transcript has so many lines of a client. */
export async function heardAll(relay: Server, said: Said, ms?: number): Promise<void> {
  await eventually(
    'all that was said',
    () =>
      [...said].every(
        ([id, lines]) => lines.length === 0 || relay.stdout.text.includes(`client ${id}: ${lines.at(-1)}\n`),
      ),
    ms,
  );
}
