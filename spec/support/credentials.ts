import { expect } from 'chai';
import { connect } from './client.js';
import { runCommand, type Server, startServer } from './command.js';

export const SECRET = 'f4lse/T@ng';
export const encodedSecret = encodeURIComponent(SECRET);

/** An environment without credentials, whatever that of the specs has. */
export const NO_CREDENTIALS = {
  NATS_USER: '',
  NATS_PASSWORD: '',
  NATS_TOKEN: '',
  NATS_CREDS: '',
  NATS_NKEY: '',
};

/** Starts a relay and expects it to join the room. */
export async function expectJoins(
  url: string,
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<Server> {
  const relay = await startServer({ args: ['--room', url, ...args], env: { ...NO_CREDENTIALS, ...env } });
  const client = await connect(relay);
  await client.send('hello\n');
  await relay.stdout.until('client 0: hello\n');
  expect(relay.stderr.text).to.equal('');
  return relay;
}

/** Expects the command to exit with an error that contains no secret, and returns the error. */
export async function expectRefused(url: string, args: string[] = []): Promise<string> {
  const { code, stdout, stderr } = await runCommand(['--room', url, ...args, '0']);
  expect(code).to.equal(1);
  expect(stdout).to.equal('');
  expect(stderr).not.to.include(SECRET).and.not.to.include(encodedSecret);
  return stderr;
}
