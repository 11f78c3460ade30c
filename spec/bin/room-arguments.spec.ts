import { expect } from 'chai';
import { parseCommand } from '../../bin/arguments.js';

const RETENTION = 'expected a time from 10s to 106751d or a size of at least 16M, such as 1h or 1G';
const ROOM = ['--room', 'nats://host/room'];

function parse(...args: string[]) {
  return parseCommand([...args, '4242'], {});
}

describe('room options of the command', () => {
  it('become the options of openRoom()', () => {
    const command = parse(
      ...ROOM,
      ...['--room-timeout', '5m', '--room-retention', '1h', '--room-replicas', '3'],
      ...['--room-heartbeat', '500ms', '--room-creds', 'user.creds'],
    );
    expect(command).to.deep.include({
      room: {
        url: 'nats://host/room',
        options: {
          timeoutMs: 300_000,
          retention: { ms: 3_600_000 },
          replicas: 3,
          heartbeatMs: 500,
          creds: 'user.creds',
        },
      },
    });
    const { room } = parse(...ROOM, '--room-retention', '2GB') as { room?: { options: object } };
    expect(room?.options).to.deep.equal({ retention: { bytes: 2 * 2 ** 30 }, heartbeatMs: 1000 });
  });

  it('take credentials from the environment, and prefer the option', () => {
    const env = { NATS_USER: 'relay', NATS_PASSWORD: 'secret', NATS_CREDS: 'env.creds', NATS_TOKEN: '' };
    const parsed = parseCommand([...ROOM, '--room-creds', 'option.creds', '4242'], env);
    expect((parsed as { room?: { options: object } }).room?.options).to.deep.equal({
      user: 'relay',
      pass: 'secret',
      creds: 'option.creds',
      heartbeatMs: 1000,
    });
  });

  for (const [args, message] of [
    [['--room-retention', '1h'], /^--room-retention: expected --room <url>/],
    ...['long', '0', '15.9M', '9s', '3600', '106752d', '99999999999999d', '99999999T', '5 m'].map(
      (text) => [[...ROOM, '--room-retention', text], `${RETENTION}, got "${text}"`] as const,
    ),
    [[...ROOM, '--room-timeout', 'soon'], 'expected a time from 1ms to 24d, such as 30s, got "soon"'],
    [[...ROOM, '--room-timeout', '25d'], 'expected a time from 1ms to 24d, such as 30s, got "25d"'],
    [
      [...ROOM, '--room-timeout', '5'],
      'expected a time from 1ms to 24d, such as 30s, got "5" without a unit \\(ms, s, m, h or d\\)$',
    ],
    [[...ROOM, '--room-heartbeat', '19ms'], 'expected a time from 20ms to 24d, such as 30s, got "19ms"'],
    [[...ROOM, '--room-replicas', '9'], 'expected a number from 1 to 5, got "9"'],
  ] as const) {
    it(`reject ${args.join(' ')}`, () => {
      const command = parse(...args);
      expect(command.kind).to.equal('usage');
      expect((command as { message: string }).message).to.match(
        typeof message === 'string' ? new RegExp(`^--room-[a-z]+: ${message}`) : message,
      );
    });
  }
});
