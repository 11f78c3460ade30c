import type * as JetStream from '@nats-io/jetstream';
import type * as Transport from '@nats-io/transport-node';
import { MiniServError } from '../../util/errors.js';

/** The packages of the NATS client. */
export interface Packages {
  readonly transport: typeof Transport;
  readonly jetstream: typeof JetStream;
}

/**
 * Loads the packages of the NATS client. They are optional peer dependencies: only users of shared rooms install them.
 *
 * @throws {MiniServError} ERR_ROOM_PACKAGES if they are not installed
 */
export async function loadPackages(): Promise<Packages> {
  try {
    // Bundlers allow packages to be missing only where `import()` itself is in `try`, not within `Promise.all`.
    const transport = await import('@nats-io/transport-node');
    const jetstream = await import('@nats-io/jetstream');
    return { transport, jetstream };
  } catch (cause) {
    const { code, message: details } = cause as NodeJS.ErrnoException;
    const reason = code?.endsWith('MODULE_NOT_FOUND') ? '' : ` (${details})`;
    const message = `a room over NATS requires two more packages${reason}: npm install @nats-io/transport-node @nats-io/jetstream`;
    throw new MiniServError('ERR_ROOM_PACKAGES', message, { cause });
  }
}
