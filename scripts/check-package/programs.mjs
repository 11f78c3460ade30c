// The output of the programs in programs/, on every runtime, bundled or not.
export const OUTPUTS = {
  'room.mjs': `server: client 1 just arrived
client 1: hello
true ERR_ROOM_PACKAGES: a room over NATS requires two more packages: npm install @nats-io/transport-node @nats-io/jetstream
`,
  'require.cjs': 'true true\n',
};
