import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import type { Relay } from '../../lib/index.js';
import { chunks, holds } from '../support/fuzz.js';
import { Inbox } from '../support/inbox.js';
import { room } from '../support/room.js';

/** The specification: what is heard of a client that sends these bytes and leaves, as a latin1 string. */
function model(id: number, sent: Buffer, maxLine: number): string {
  const parts = sent.toString('latin1').split('\n');
  const long = parts.findIndex((part) => part.length > maxLine);
  const lines = long === -1 ? parts.slice(0, -1) : parts.slice(0, long);
  const said = lines.map((line) => `client ${id}: ${line}\n`);
  return [`server: client ${id} just arrived\n`, ...said, `server: client ${id} just left\n`].join('');
}

/** Several clients come, send their chunks in turn, and leave; gives what was said, and by whom. */
async function session(relay: Relay, output: Inbox, clients: Buffer[][]): Promise<Map<number, string>> {
  const pairs = clients.map(() => duplexPair());
  const handles = pairs.map(([near, far]) => {
    near.resume().on('error', () => {});
    return relay.handle(far);
  });
  const ids = await Promise.all(handles.map(({ id }) => id));
  const longest = Math.max(...clients.map(({ length }) => length));
  for (let turn = 0; turn < longest; turn++) {
    for (const [i, parts] of clients.entries()) {
      const part = parts[turn];
      if (part === undefined || pairs[i]?.[0].writable !== true) continue;
      if (part.length > 0) pairs[i][0].write(part);
      else await new Promise((resolve) => setImmediate(resolve));
    }
  }
  for (const [near] of pairs) near.end();
  const ends = ids.map((id) => `server: client ${id} just left\n`);
  await output.until((all) => ends.every((end) => all.includes(end)));
  for (const [near] of pairs) near.destroy();
  const heard = new Map(ids.map((id) => [id, '']));
  for (const line of output.bytes.toString('latin1').split(/(?<=\n)/)) {
    const id = Number(
      /^(?:client (\d+): |server: client (\d+) just (?:arrived|left)\n$)/.exec(line)?.slice(1).join(''),
    );
    heard.set(id, (heard.get(id) ?? '') + line);
  }
  return heard;
}

function expected(ids: Iterable<number>, clients: Buffer[][], maxLine: number): Map<number, string> {
  return new Map([...ids].map((id, i) => [id, model(id, Buffer.concat(clients[i] ?? []), maxLine)]));
}

function same(heard: Map<number, string>, wanted: Map<number, string>): void {
  const [is, should] = [heard, wanted].map((map) => JSON.stringify([...map]));
  if (is !== should) throw new Error(`heard ${is}, and not ${should}`);
}

describe('fuzz: framing', () => {
  for (const [what, maxLine, share] of [
    ['any bytes, however they are cut and mixed', 1000, 0.7],
    ['lines that are too long', 7, 0.1],
  ] as const) {
    it(`gives what the model does: ${what}`, async () => {
      const relay = room({ maxLineBytes: maxLine, graceMs: 1000 });
      let output = new Inbox();
      relay.createReadStream().on('data', (chunk: Buffer) => output.push(chunk));
      const property = fc.asyncProperty(fc.array(chunks, { minLength: 1, maxLength: 3 }), async (clients) => {
        output = new Inbox();
        const heard = await session(relay, output, clients);
        same(heard, expected(heard.keys(), clients, maxLine));
      });
      await holds(share, property);
    });
  }
});
