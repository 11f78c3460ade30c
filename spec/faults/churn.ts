import { expect } from 'chai';
import { type Client, connectAs } from '../support/client.js';
import { startServer } from '../support/command.js';
import { startCrowd } from '../support/crowd.js';
import { WITHOUT_COVERAGE } from '../support/flood.js';
import { openDescriptors, resident } from '../support/proc.js';
import { eventually } from '../support/waiting.js';
import { arrivedNotice } from '../support/wire.js';

const MIB = 1024 * 1024;
const BATCHES = 5;
/** Growth of memory from the second batch on. 30,000 clients that leak 300 bytes each exceed the limit. */
const MEMORY_LIMIT_BYTES = 9 * MIB;

/** The ids in the notices of one kind, in the order in which they came. */
export function notices(client: Client, kind: 'arrived' | 'left'): number[] {
  return [...client.inbox.text.matchAll(/^server: client (\d+) just (arrived|left)$/gm)]
    .filter(([, , found]) => found === kind)
    .map(([, id]) => Number(id));
}

export const idsFrom = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => first + i);

export const sorted = (ids: readonly number[]): number[] => [...ids].sort((one, other) => one - other);

/** Five batches of clients connect and leave; requires that the server's descriptors and memory do not grow. */
export async function requireNoLeak(clientsPerBatch: number): Promise<void> {
  // With its default limits V8, above all that of Node 24, lets the heap grow before it collects.
  const NODE_OPTIONS = '--max-semi-space-size=4 --max-old-space-size=64';
  const server = await startServer({ env: { ...WITHOUT_COVERAGE, NODE_OPTIONS } });
  const { pid } = server.process;
  const memory: number[] = [];
  let descriptors = 0;
  for (let batch = 0; batch < BATCHES; batch++) {
    const witness = await connectAs(server);
    const id = batch * (clientsPerBatch + 1);
    await server.stdout.until(arrivedNotice(id));
    // In the first batch only: later the connection of the last witness may still be closing.
    if (batch === 0) descriptors = openDescriptors(pid);
    const guests = await startCrowd(server, 'churn', clientsPerBatch);
    await guests.kill();
    await witness.inbox.untilCount(' just left\n', clientsPerBatch);
    const ids = idsFrom(id + 1, clientsPerBatch);
    expect(notices(witness, 'arrived')).to.deep.equal(ids);
    expect(sorted(notices(witness, 'left'))).to.deep.equal(ids);
    expect(witness.inbox.text).not.to.contain('not finis');
    // The relay may have been reading the spill directory when they were counted first.
    await eventually('the descriptors to be closed', () => openDescriptors(pid) <= descriptors);
    memory.push(resident(server, 'VmRSS'));
    witness.end();
    await witness.ended;
  }
  const [, second = 0, ...later] = memory;
  for (const bytes of later) expect(bytes - second, memory.join(' ')).to.be.below(MEMORY_LIMIT_BYTES);
  expect(server.stderr.text).to.equal('');
}
