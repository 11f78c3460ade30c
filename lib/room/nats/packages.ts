import type * as JetStream from '@nats-io/jetstream';
import type * as Transport from '@nats-io/transport-node';
import { MiniServError } from '../../util/errors.js';

export interface Packages {
  readonly transport: typeof Transport;
  readonly jetstream: typeof JetStream;
}

/**
 * The packages that speak to NATS: wanted by nobody who has not asked for it, so that they are not installed by
 * themselves.
 *
 * @throws {MiniServError} ERR_ROOM_PACKAGES
 */
export async function loadPackages(): Promise<Packages> {
  try {
    const [transport, jetstream] = await Promise.all([
      import('@nats-io/transport-node'),
      import('@nats-io/jetstream'),
    ]);
    return { transport, jetstream };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === 'ERR_MODULE_NOT_FOUND' ? '' : ` (${(cause as Error).message})`;
    const message = `a room over NATS needs two packages${reason}: npm install @nats-io/transport-node @nats-io/jetstream`;
    throw new MiniServError('ERR_ROOM_PACKAGES', message, { cause });
  }
}
