import { networkInterfaces } from 'node:os';
import type { Case } from '../case.js';
import { connectionOutcome } from '../connection.js';
import { Failure } from '../failure.js';
import { countDescriptors } from '../proc.js';

const VISITS = 300;
/** Visits before the first count, for descriptors that a server opens once it has clients. */
const WARM_UP_VISITS = 5;
/** Descriptors that a server may open for itself in the meantime. */
const TOLERATED_DESCRIPTORS = 8;
/** Time to wait for an answer from an address on which nothing should listen, in milliseconds. */
const REFUSAL_TIMEOUT_MS = 1000;

export const LIMITS: readonly Case[] = [
  {
    name: 'other-addresses',
    rank: 'practice',
    title: 'it listens only on 127.0.0.1 and refuses connections to other addresses',
    paragraph: 'address',
    hint: 'servaddr.sin_addr.s_addr = htonl(2130706433), which is 127.0.0.1, and not INADDR_ANY.',
    async run(room) {
      const a = await room.join();
      for (const host of otherAddresses()) {
        const timeoutMs = Math.min(REFUSAL_TIMEOUT_MS, room.clock.timeoutMs);
        const outcome = await connectionOutcome(room.server.port, host, room.clock, timeoutMs);
        if (outcome === 'connected') throw new Failure({ what: `it accepts a connection to ${host}` });
      }
      const b = await room.join();
      await room.sendLine(a, 'nobody else');
      await room.sendLine(b, 'nobody else');
    },
  },
  {
    name: 'no-descriptor-leak',
    rank: 'exam',
    title: `while ${VISITS} clients come and leave, the number of open descriptors does not grow`,
    paragraph: 'leaks',
    hint: 'Close the descriptor of each client that leaves, in every place where a client is removed.',
    async run(room) {
      await room.join();
      await room.join();
      const { pid } = room;
      const visit = async (): Promise<void> => {
        const client = await room.join();
        await room.leave(client);
        client.destroy();
      };
      await room.timeline.asOneStep(
        `${WARM_UP_VISITS} clients come and leave, one after the other`,
        async () => {
          for (let i = 0; i < WARM_UP_VISITS; i++) await visit();
        },
      );
      const connected = room.receivers.length;
      // The server may not have closed the last client's descriptor yet, so the lowest of several counts is used.
      let before = countDescriptors(pid);
      await room.timeline.asOneStep(`${VISITS} clients come and leave, one after the other`, async () => {
        for (let i = 0; i < VISITS; i++) {
          await visit();
          if (i < WARM_UP_VISITS) before = Math.min(before, countDescriptors(pid));
        }
      });
      const hasClosed = (): boolean => countDescriptors(pid) <= before + TOLERATED_DESCRIPTORS;
      if (await room.clock.eventually(hasClosed, room.clock.timeoutMs)) return;
      const more = countDescriptors(pid) - before;
      throw new Failure({
        what: `with ${connected} clients connected, ${more} more descriptors are open than before`,
      });
    },
  },
];

/** Returns every address of this computer except 127.0.0.1. */
function otherAddresses(): Set<string> {
  const others = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ address, scopeid }) => address !== '127.0.0.1' && !scopeid)
    .map(({ address }) => address);
  // On Linux, all of 127.0.0.0/8 is this computer; other systems do not answer there.
  return new Set([...(process.platform === 'linux' ? ['127.0.0.2'] : []), '::1', ...others]);
}
