import { spawn } from 'node:child_process';
import { printMessage } from '../console.js';

/** Tells the service manager about the state of the relay. */
export interface Notifier {
  ready(port: number): void;
  stopping(): void;
}

/**
 * Prepares messages to the socket of $NOTIFY_SOCKET, and removes the variable from the environment of child processes.
 * Node cannot send to datagram sockets in the file system, so `systemd-notify` does.
 *
 * @param verbose whether failures are printed; they never affect the relay
 */
export function takeNotifier(env: NodeJS.ProcessEnv, verbose: boolean): Notifier {
  const socket = env.NOTIFY_SOCKET;
  delete env.NOTIFY_SOCKET;
  let isFailureKnown = !verbose;
  const onFailure = (reason: string): void => {
    if (!isFailureKnown)
      printMessage(`systemd-notify failed, so the service manager is not notified: ${reason}`);
    isFailureKnown = true;
  };
  const notify = (...args: string[]): void => {
    const child = spawn('systemd-notify', [`--pid=${process.pid}`, ...args], {
      env: { ...env, NOTIFY_SOCKET: socket },
      stdio: 'ignore',
    });
    child.on('error', ({ message }) => onFailure(message));
    child.on('exit', (code, signal) => {
      if (code !== 0) onFailure(`exit code ${code ?? signal}`);
    });
    // The relay may end before its last message has arrived.
    child.unref();
  };
  return {
    ready: (port) => notify('--ready', `--status=listening on 127.0.0.1:${port}`),
    stopping: () => notify('STOPPING=1', '--status=delivering what clients are owed'),
  };
}
