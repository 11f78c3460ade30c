import { expect } from 'chai';
import { connectAs } from '../support/client.js';
import { startServer } from '../support/command.js';
import { folder, within } from '../support/modules.js';
import { arrivedNotice, leftNotice, relayed } from '../support/wire.js';

/** A transform that merges what a client sends into an object, with the usual mistake. */
const CARELESS = `
  const merge = (to, from) => {
    for (const key in from) {
      if (typeof from[key] === 'object') merge(to[key] ??= {}, from[key]);
      else to[key] = from[key];
    }
    return to;
  };
  export default (message) => {
    if (message.kind === 'line' && message.text.startsWith('{')) merge({}, JSON.parse(message.text));
    return message;
  };`;

describe('security: prototype pollution by a client', () => {
  it('disconnects only the client whose input a transform copies to Object.prototype', async () => {
    const cwd = await folder({ 'merge.mjs': CARELESS });
    const server = await startServer({ command: within(cwd), args: ['-t', './merge.mjs'] });
    const a = await connectAs(server);
    const b = await connectAs(server, 1, a);
    await b.send('{"__proto__": {"highWaterMark": "x", "objectMode": true}}\n');
    await b.ended;
    const c = await connectAs(server, 2, a);
    await c.send('hello\n');
    await a.receives(arrivedNotice(1), leftNotice(1), arrivedNotice(2), relayed(2, 'hello'));
    expect(server.stderr.text).to.match(/client 1: .*highWaterMark/);
  });
});
