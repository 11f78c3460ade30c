import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { type Client, connectAs } from '../../support/client.js';
import { type Server, serverCommand, startServer } from '../../support/command.js';
import { Tmux } from '../../support/tmux.js';
import { describeWith } from '../../support/tools.js';
import { arrivedNotice, joinLines, leftNotice, relayed } from '../../support/wire.js';

const MARK = '\u258c ';
const DRAFTS: Record<string, string> = {
  'plain words': 'plain words '.repeat(60).trim(),
  'wide characters': '漢字'.repeat(120),
  'characters of different widths': 'abc déf 日本語 e\u0301 👍 '.repeat(20).trim(),
};
/** Sizes that follow each other within the time in which tmux reports only some of them. */
const SIZES = [
  [50, 20],
  [120, 40],
  [64, 24],
  [97, 31],
  [52, 22],
  [80, 24],
] as const;

async function joinRoom(screen: Tmux, prefix = ''): Promise<[Server, Client]> {
  const server = await startServer();
  const other = await connectAs(server);
  await screen.start(`${prefix}${[...serverCommand(), 'join', String(server.port)].join(' ')}`);
  await other.until(arrivedNotice(1));
  return [server, other];
}

describeWith('tmux', 'mini-serv join in tmux, at length', () => {
  for (const [what, draft] of Object.entries(DRAFTS)) {
    it(`leaves no part of a draft behind when it is resized between 2,000 lines: ${what}`, async () => {
      const screen = new Tmux();
      const [, other] = await joinRoom(screen);
      await screen.type(draft);
      const numbers = Array.from({ length: 2000 }, (_, i) => `line ${i}`);
      for (let at = 0; at < numbers.length; at += 20) {
        await other.send(joinLines(numbers.slice(at, at + 20)));
        const [columns, rows] = SIZES[(at / 20) % SIZES.length] ?? [80, 24];
        if (at % 100 < 40) await screen.resize(columns, rows);
      }
      await screen.untilLine('the last line', (line) => line.endsWith('line 1999'));
      await screen.keys('Enter');
      await other.until(relayed(1, draft));
      await screen.untilLine('the own line', (line) => line.startsWith(`${MARK}you: `));
      const expected = numbers.map((line) => `${MARK}client 0: ${line}`);
      await screen.untilLines([...expected, `${MARK}you: ${draft}`, '>']);
    });
  }

  it('takes what is typed while 50,000 lines a second arrive, and shows all lines', async () => {
    const screen = new Tmux();
    const [, other] = await joinRoom(screen);
    let count = 0;
    let isTyping = true;
    const flood = (async () => {
      while (isTyping) {
        await other.send(joinLines(Array.from({ length: 500 }, (_, i) => `flood ${count + i}`)));
        count += 500;
        await delay(10);
      }
    })();
    for (const word of ['typing', 'in', 'a', 'flood']) await screen.type(`${word} `);
    await screen.keys('Enter');
    await other.until(relayed(1, 'typing in a flood '));
    isTyping = false;
    await flood;
    await screen.untilLine('the last line', (line) => line.endsWith(`flood ${count - 1}`));
  });

  it('gives the terminal to the shell with Ctrl-Z, and comes back with fg and the draft', async () => {
    const screen = new Tmux();
    const [, other] = await joinRoom(screen, 'sh -mc \'"$@"; stty -a; fg; stty -a; sleep 60\' sh ');
    await screen.type('draft');
    await screen.untilLine('the draft', (line) => line === '> draft');
    await screen.keys('C-z');
    await screen.untilLine('the terminal of the shell', (line) => / icanon/.test(line));
    await screen.untilLine('the draft again', (line) => line === '> draft');
    await screen.type(' kept');
    await screen.keys('Enter');
    await other.until(relayed(1, 'draft kept'));
    await screen.keys('C-d');
    await other.until(leftNotice(1));
    await screen.untilLine('the shell', (line) => line.includes('leaving;'));
    const lines = await screen.lines();
    expect(lines.filter((line) => line === '> draft')).to.have.length(0);
  });
});
