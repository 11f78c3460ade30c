import type { Relay } from '../../lib/relay/relay.js';

/** The connection of a relay to the program that runs it as a service. */
export interface Service {
  /** Opens the port, and makes that known. Rejects with a CommandError, or with the error of `relay.listen`. */
  listen(relay: Relay, port: number): Promise<number>;
  /** Makes known that the relay ends. */
  stop(): void;
  /** Removes the pid file. The `exit` event of the process does it, too. */
  cleanUp(): void;
}

export interface ServiceOptions {
  readonly pidFile?: string;
  readonly verbose: boolean;
}

/**
 * Takes over what the service manager has prepared, and loads only what is asked for. Nothing is written before the port is
 * open.
 *
 * @throws {CommandError} if the pid file belongs to another relay, or if the inherited sockets cannot be used
 */
export async function createService(
  { pidFile, verbose }: ServiceOptions,
  env = process.env,
): Promise<Service> {
  const file = pidFile === undefined ? undefined : (await import('./pid-file.js')).claimPidFile(pidFile);
  const listenOnInherited =
    env.LISTEN_FDS === undefined ? undefined : (await import('./activation.js')).takeInheritedSocket(env);
  const notifier =
    env.NOTIFY_SOCKET === undefined ? undefined : (await import('./notify.js')).takeNotifier(env, verbose);
  return {
    async listen(relay, port) {
      const openPort = await (listenOnInherited?.(relay, port) ?? relay.listen(port));
      file?.write();
      notifier?.ready(openPort);
      return openPort;
    },
    stop: () => notifier?.stopping(),
    cleanUp: () => file?.remove(),
  };
}
