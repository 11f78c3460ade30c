import type { Socket } from 'node:net';
import { expect } from 'chai';
import { buildNative } from '../../bench/build.js';
import { runLoad } from '../support/load.js';
import { takePort } from '../support/ports.js';
import { describeWith } from '../support/tools.js';

const CONNECT_BYTES = 14;
const SUBSCRIBE = 0x82;

/** An MQTT broker that relays what the publisher sends to all readers. `alter` may change it. */
async function startBroker(alter: (bytes: Buffer) => Buffer): Promise<number> {
  const readers: Socket[] = [];
  const { server, port } = await takePort();
  server.on('connection', (socket) => {
    let isConnected = false;
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      let rest = bytes as Buffer;
      if (!isConnected) {
        isConnected = true;
        socket.write(Buffer.from([0x20, 2, 0, 0]));
        rest = rest.subarray(CONNECT_BYTES);
      }
      if (rest[0] === SUBSCRIBE) {
        readers.push(socket);
        socket.write(Buffer.from([0x90, 3, 0, 1, 0]));
      } else if (rest.length > 0) {
        for (const reader of readers) reader.write(alter(rest));
      }
    });
  });
  return port;
}

function reportOf(port: number): Promise<Record<string, unknown>> {
  const options = ['--style', 'mqtt', '--readers', '2', '--seconds', '0.2', '--warmup', '0'];
  return runLoad(port, ...options, 'fan-out');
}

describeWith(['cc', 'proc'], 'the load generator, next to a broker', () => {
  before(buildNative);

  it('counts the lines of a broker that delivers all of them', async () => {
    const { sent, checked, disqualified } = await reportOf(await startBroker((bytes) => bytes));
    expect(disqualified).to.equal(undefined);
    expect(sent).to.be.above(0);
    expect(checked).to.equal((sent as number) * 2);
  });

  it('disqualifies a broker that alters a byte', async () => {
    const alter = (bytes: Buffer): Buffer =>
      Buffer.concat([bytes.subarray(0, 50), Buffer.from('?'), bytes.subarray(51)]);
    expect((await reportOf(await startBroker(alter))).disqualified).to.match(/received a wrong line/);
  });

  it('disqualifies a broker that loses or reorders lines', async () => {
    const frame = 108;
    const lose = (bytes: Buffer): Buffer => bytes.subarray(frame);
    expect((await reportOf(await startBroker(lose))).disqualified).to.match(/received a wrong line/);
    const swap = (bytes: Buffer): Buffer =>
      Buffer.concat([bytes.subarray(frame, 2 * frame), bytes.subarray(0, frame), bytes.subarray(2 * frame)]);
    expect((await reportOf(await startBroker(swap))).disqualified).to.match(/received a wrong line/);
  });
});
