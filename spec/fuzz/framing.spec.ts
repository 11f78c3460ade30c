import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import type { Relay } from '../../lib/index.js';
import { checkProperty, chunks } from '../support/fuzz.js';
import { Inbox } from '../support/inbox.js';
import { createTestRelay } from '../support/room.js';
import { arrivedNotice, leftNotice, relayed } from '../support/wire.js';

/** The specification of the output for a client that sends these bytes and leaves, as a latin1 string. */
function model(id: number, sent: Buffer, maxLineBytes: number): string {
  const parts = sent.toString('latin1').split('\n');
  const tooLong = parts.findIndex((part) => part.length > maxLineBytes);
  const lines = tooLong === -1 ? parts.slice(0, -1) : parts.slice(0, tooLong);
  return arrivedNotice(id) + relayed(id, ...lines) + leftNotice(id);
}

/** Lets several clients connect, send their chunks in turn, and leave. Returns the output for each client. */
async function session(relay: Relay, output: Inbox, clients: Buffer[][]): Promise<Map<number, string>> {
  const pairs = clients.map(() => duplexPair());
  const handles = pairs.map(([near, far]) => {
    near.resume().on('error', () => {});
    return relay.handle(far);
  });
  const ids = await Promise.all(handles.map(({ id }) => id));
  const turns = Math.max(...clients.map(({ length }) => length));
  for (let turn = 0; turn < turns; turn++) {
    for (const [i, parts] of clients.entries()) {
      const part = parts[turn];
      if (part === undefined || pairs[i]?.[0].writable !== true) continue;
      if (part.length > 0) pairs[i][0].write(part);
      else await new Promise((resolve) => setImmediate(resolve));
    }
  }
  for (const [near] of pairs) near.end();
  await output.until((all) => ids.every((id) => all.includes(leftNotice(id))));
  for (const [near] of pairs) near.destroy();
  const outputs = new Map(ids.map((id) => [id, '']));
  for (const line of output.bytes.toString('latin1').split(/(?<=\n)/)) {
    const [, sender, subject] =
      /^(?:client (\d+): |server: client (\d+) just (?:arrived|left)\n$)/.exec(line) ?? [];
    const id = Number(sender ?? subject);
    outputs.set(id, (outputs.get(id) ?? '') + line);
  }
  return outputs;
}

describe('fuzz: framing', () => {
  for (const [input, maxLineBytes, share] of [
    ['any bytes in any chunks', 1000, 0.7],
    ['lines that are too long', 7, 0.1],
  ] as const) {
    it(`agrees with the model for ${input}, from several clients at once`, async () => {
      const relay = createTestRelay({ maxLineBytes, graceMs: 1000 });
      let output = new Inbox();
      relay.createReadStream().on('data', (chunk: Buffer) => output.push(chunk));
      const property = fc.asyncProperty(fc.array(chunks, { minLength: 1, maxLength: 3 }), async (clients) => {
        output = new Inbox();
        const outputs = await session(relay, output, clients);
        const expected = [...outputs.keys()].map(
          (id, i) => [id, model(id, Buffer.concat(clients[i] ?? []), maxLineBytes)] as const,
        );
        const [got, wanted] = [[...outputs], expected].map((entries) => JSON.stringify(entries));
        if (got !== wanted) throw new Error(`expected ${wanted}, got ${got}`);
      });
      await checkProperty(share, property);
    });
  }
});
