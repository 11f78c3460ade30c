import type { WebSocket } from 'ws';

/**
 * Answers pings. While an answer waits behind other data, only the last ping is kept: a peer that sends pings and reads
 * nothing costs no memory, and is a stalled reader like any other.
 */
export function answerPings(socket: WebSocket): void {
  let last: Buffer | undefined;
  let isSending = false;
  const answer = (): void => {
    isSending = last !== undefined && socket.readyState === socket.OPEN;
    if (!isSending) return;
    const data = last;
    last = undefined;
    socket.pong(data, false, answer);
  };
  socket.on('ping', (data) => {
    last = Buffer.from(data);
    if (!isSending) answer();
  });
}
