/** The server accepts a WebSocket only with both; it answers with the first. */
const PROTOCOL = 'mini-serv';

export function openSocket(path: '/feed' | '/join', token: string): WebSocket {
  const socket = new WebSocket(`ws://${location.host}${path}`, [PROTOCOL, token]);
  socket.binaryType = 'arraybuffer';
  return socket;
}

/** A subprotocol is a token of RFC 9110; the browser throws for anything else. */
export function isToken(text: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(text);
}

/** Whether the relay answers HTTP. The browser does not tell why it could not open a WebSocket. */
export async function isReachable(): Promise<boolean> {
  try {
    await fetch('/', { cache: 'no-store' });
    return true;
  } catch {
    return false;
  }
}
