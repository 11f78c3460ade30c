import { networkInterfaces } from 'node:os';
import type { Case } from '../case.js';
import { Failure } from '../failure.js';
import { descriptors } from '../kernel.js';
import { eventually } from '../patience.js';
import { attempt } from '../ports.js';

const GUESTS = 300;
/** Before it is counted: whatever a server opens only once it has seen somebody. */
const FIRST = 5;
/** What a server may open on its own account meanwhile. */
const OWN = 8;

export const LIMITS: readonly Case[] = [
  {
    name: 'other-addresses',
    rank: 'exam',
    title: 'it listens on 127.0.0.1 only: elsewhere connections are refused',
    paragraph: 'address',
    hint: 'servaddr.sin_addr.s_addr = htonl(2130706433), which is 127.0.0.1, and not INADDR_ANY.',
    async run(room) {
      const a = await room.join();
      for (const host of elsewhere()) {
        const outcome = await attempt(room.server.port, host, Math.min(1000, room.patience.ms));
        if (outcome === 'connected') throw new Failure({ what: `a connection to ${host} is taken` });
      }
      const b = await room.join();
      await room.say(a, 'nobody else');
      await room.say(b, 'nobody else');
    },
  },
  {
    name: 'no-descriptor-leak',
    rank: 'exam',
    title: `when ${GUESTS} clients have come and left, no more descriptors are open than before`,
    paragraph: 'leaks',
    hint: 'close the descriptor of each client that leaves, on every way out.',
    async run(room) {
      await room.join();
      await room.join();
      const { pid } = room;
      const visit = async (): Promise<void> => {
        const guest = await room.join();
        await room.leave(guest);
        guest.destroy();
      };
      await room.quietly(`${FIRST} clients come and leave, one after the other`, async () => {
        for (let i = 0; i < FIRST; i++) await visit();
      });
      const connected = room.present.length;
      // The last of them may not have been closed yet.
      let before = descriptors(pid);
      await room.quietly(`${GUESTS} clients come and leave, one after the other`, async () => {
        for (let i = 0; i < GUESTS; i++) {
          await visit();
          if (i < FIRST) before = Math.min(before, descriptors(pid));
        }
      });
      if (await eventually(() => descriptors(pid) <= before + OWN, room.patience.ms)) return;
      const more = descriptors(pid) - before;
      throw new Failure({
        what: `with ${connected} clients connected, ${more} more descriptors are open than before`,
      });
    },
  },
];

/** Every address of this computer that is not 127.0.0.1. */
function elsewhere(): Set<string> {
  const others = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ address, scopeid }) => address !== '127.0.0.1' && !scopeid)
    .map(({ address }) => address);
  // All of 127/8 is this computer on Linux; elsewhere nobody would answer.
  return new Set([...(process.platform === 'linux' ? ['127.0.0.2'] : []), '::1', ...others]);
}
