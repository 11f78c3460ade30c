import { expect } from 'chai';
import { createFilter, parseClients } from '../../web/room/filter.js';
import { parseMessage } from '../../web/room/message.js';

const LINES = [
  'client 1: Hello',
  'client 11: hello',
  'server: client 1 just left',
  'client 2: server: client 1 just left',
  'client 3: client 1: forged',
];

describe('the filter of the page', () => {
  const matching = (text: string, clients: number[]) => LINES.filter(createFilter(text, clients).matches);

  it('matches a part of the line in upper and lower case', () => {
    expect(matching('HELLO', [])).to.deep.equal([LINES[0], LINES[1]]);
  });

  it('matches the lines of a client and the notices about it', () => {
    expect(matching('', [1])).to.deep.equal([LINES[0], LINES[2]]);
    expect(matching('', [1, 3])).to.deep.equal([LINES[0], LINES[2], LINES[4]]);
  });

  it('matches lines that fulfil both conditions', () => {
    expect(matching('hello', [11])).to.deep.equal([LINES[1]]);
  });

  it('matches everything without a condition', () => {
    expect(createFilter('', []).isActive).to.equal(false);
    expect(matching('', [])).to.deep.equal(LINES);
  });

  it('takes a space as a text', () => {
    expect(createFilter(' ', []).isActive).to.equal(true);
  });

  it('reads ids with commas, spaces and names, and rejects anything else', () => {
    expect(parseClients(' client 3, 7;7  12 ')).to.deep.equal([3, 7, 12]);
    expect(parseClients('')).to.deep.equal([]);
    for (const input of ['a', '-1', '1.5', '3 x', '1234567890123456'])
      expect(parseClients(input)).to.equal(undefined);
  });
});

describe('parseMessage', () => {
  it('tells lines from notices by their prefix only', () => {
    expect(LINES.map(parseMessage)).to.deep.equal([
      { from: 'client', client: 1, text: 'Hello' },
      { from: 'client', client: 11, text: 'hello' },
      { from: 'server', client: 1, text: 'client 1 just left' },
      { from: 'client', client: 2, text: 'server: client 1 just left' },
      { from: 'client', client: 3, text: 'client 1: forged' },
    ]);
  });

  it('keeps notices about no client, and lines without a prefix', () => {
    expect(parseMessage('server: something else')).to.deep.equal({
      from: 'server',
      client: undefined,
      text: 'something else',
    });
    expect(parseMessage('odd')).to.deep.equal({ from: 'server', client: undefined, text: 'odd' });
  });
});
