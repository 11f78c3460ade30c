import type * as JetStream from '@nats-io/jetstream';
import type * as Transport from '@nats-io/transport-node';
import { MiniServError } from '../../util/errors.js';

/** The packages of the NATS client. */
export interface Packages {
  readonly transport: typeof Transport;
  readonly jetstream: typeof JetStream;
}

// Not constants of `import()`: bundlers would fail or warn where the packages are missing, and where they are installed
// they would make ES modules of them that cannot run, because the packages are CommonJS.
const TRANSPORT: string = '@nats-io/transport-node';
const JETSTREAM: string = '@nats-io/jetstream';

/**
 * Loads the packages of the NATS client. They are optional peer dependencies: only users of shared rooms install them.
 *
 * @throws {MiniServError} ERR_ROOM_PACKAGES if they are not installed
 */
export async function loadPackages(): Promise<Packages> {
  try {
    const [transport, jetstream] = await Promise.all([
      import(/* webpackIgnore: true */ TRANSPORT),
      import(/* webpackIgnore: true */ JETSTREAM),
    ]);
    return { transport, jetstream };
  } catch (cause) {
    const { code, message: details } = cause as NodeJS.ErrnoException;
    const reason = code?.endsWith('MODULE_NOT_FOUND') ? '' : ` (${details})`;
    const message = `a room over NATS requires two more packages${reason}: npm install ${TRANSPORT} ${JETSTREAM}`;
    throw new MiniServError('ERR_ROOM_PACKAGES', message, { cause });
  }
}
