import { connect, type Socket } from 'node:net';

const HOST = '127.0.0.1';

/** The address of a relay, for messages. */
export function addressOf(port: number): string {
  return `${HOST}:${port}`;
}

/** Connects to the relay at a port. Rejects with the error of the system. */
export function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // Half-open, because the relay still delivers after this side has ended.
    const socket = connect({ host: HOST, port, allowHalfOpen: true, noDelay: true });
    socket.once('error', reject).once('connect', () => {
      socket.off('error', reject);
      if (socket.localPort !== port) {
        resolve(socket);
        return;
      }
      // TCP connects a socket to itself if it is given the port that it tries to reach and no server has.
      socket.destroy();
      reject(Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' }));
    });
  });
}

/** Returns the reason of a failed or lost connection in words. */
export function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the relay has reset the connection';
    default:
      return message;
  }
}

/** Explains why a relay cannot be reached, and what to do. */
export function explainDial(port: number, error: NodeJS.ErrnoException): string {
  const advice = error.code === 'ECONNREFUSED' ? `; start a relay with: mini-serv ${port}` : '';
  return `cannot join ${addressOf(port)}: ${reasonOf(error)}${advice}`;
}
