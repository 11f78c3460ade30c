import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import type { WebSocket } from 'ws';
import { answerPings } from '../../../bin/web/pings.js';

/** A WebSocket that keeps each answer until a spec lets it be sent. */
function heldSocket() {
  const answers: string[] = [];
  const sent: (() => void)[] = [];
  const socket = Object.assign(new EventEmitter(), {
    OPEN: 1,
    readyState: 1,
    pong(data: Buffer, _isMasked: boolean, onSent: () => void) {
      answers.push(data.toString());
      sent.push(onSent);
    },
  });
  answerPings(socket as unknown as WebSocket);
  return { socket, answers, sent, ping: (text: string) => socket.emit('ping', Buffer.from(text)) };
}

describe('answerPings()', () => {
  it('keeps only the last ping while an answer waits, so that a flood of pings costs nothing', () => {
    const { answers, sent, ping } = heldSocket();
    for (let i = 0; i < 1000; i++) ping(String(i));
    expect(answers).to.deep.equal(['0']);
    sent.shift()?.();
    expect(answers).to.deep.equal(['0', '999']);
    sent.shift()?.();
    ping('again');
    expect(answers).to.deep.equal(['0', '999', 'again']);
  });

  it('answers no ping after the close', () => {
    const { socket, answers, sent, ping } = heldSocket();
    ping('one');
    ping('two');
    socket.readyState = 2;
    sent.shift()?.();
    expect(answers).to.deep.equal(['one']);
  });
});
