import { expect } from 'chai';
import { parseRoomUrl } from '../../../lib/room/nats/room-url.js';
import { MiniServError } from '../../../lib/util/errors.js';

const SECRET = 'f4lse/T@ng';

describe('parseRoomUrl()', () => {
  it('accepts several servers and percent-encoded credentials', () => {
    expect(parseRoomUrl('tls://a%40b:c%3A%2F@one,two:99,[::1]:5/lobby_1-2')).to.deep.equal({
      room: 'lobby_1-2',
      servers: ['one:4222', 'two:99', '[::1]:5'],
      tls: true,
      user: 'a@b',
      pass: 'c:/',
      shown: 'tls://one,two:99,[::1]:5/lobby_1-2',
    });
    expect(parseRoomUrl('nats://t%25@host/room')).to.include({ token: 't%', tls: false });
  });

  for (const [url, message] of [
    ['lobby', 'expected nats://host:4222/room, got "lobby"'],
    ['http://host/lobby', 'expected nats://host:4222/room'],
    ['nats://host', 'expected nats://host:4222/room'],
    ['nats://host/', 'expected a room name of 1 to 64 letters, digits, - and _, got ""'],
    ['nats://host/a.b', 'expected a room name'],
    ['nats:///lobby', 'expected a host'],
    ['nats://host:port/lobby', 'expected a host as in nats://host:4222/room, got "host:port"'],
    ['nats://host:99999/lobby', 'expected a port from 1 to 65535, got "99999"'],
    ['nats://host,other:0/lobby', 'expected a port from 1 to 65535, got "0"'],
    ['nats://me:100%@host/lobby', 'expected percent-encoded credentials, such as %25 for %'],
  ] as const) {
    it(`rejects ${url}`, () => {
      const error = errorOf(url);
      expect(error).to.be.instanceOf(MiniServError).and.to.include({ code: 'ERR_OPTION' });
      expect(error.message)
        .to.match(/^url: /)
        .and.to.include(message);
    });
  }

  it('does not quote the secrets of an invalid URL', () => {
    for (const url of [
      `nats://me:two words ${SECRET} and more@host/lob by`,
      `me:two ${SECRET} more@host/lobby`,
      `nats://me:${SECRET}@host/lobby`,
      `me:${SECRET}@host/lobby`,
    ]) {
      expect(errorOf(url).message).not.to.include(SECRET).and.not.to.include('two');
    }
  });
});

function errorOf(url: string): Error {
  try {
    parseRoomUrl(url);
  } catch (error) {
    return error as Error;
  }
  throw new Error(`${url} is accepted`);
}
