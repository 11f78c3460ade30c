import { type Client, connectAs } from '../../support/client.js';
import { serverCommand, startServer } from '../../support/command.js';
import { Tmux } from '../../support/tmux.js';
import { describeWith } from '../../support/tools.js';
import { arrivedNotice, joinLines, relayed } from '../../support/wire.js';

const DRAFT = 'a draft that is longer than a row of 80 columns, 日本語 '.repeat(6).trim();
const NUMBERS = Array.from({ length: 1000 }, (_, i) => `line ${i}`);

describeWith('tmux', 'mini-serv join in tmux', () => {
  it('keeps a draft that is longer than the row whole through 1,000 lines and a resize, and then sends it', async () => {
    const server = await startServer();
    const other: Client = await connectAs(server);
    const screen = new Tmux();
    await screen.start([...serverCommand(), 'join', String(server.port)].join(' '));
    await other.until(arrivedNotice(1));
    await screen.type(DRAFT);
    await screen.untilLine('the draft', (line) => line === `> ${DRAFT}`);
    await other.send(joinLines(NUMBERS.slice(0, 500)));
    await screen.resize(50, 20);
    await other.send(joinLines(NUMBERS.slice(500)));
    await screen.resize(97, 30);
    await screen.untilLine('the last line', (line) => line.endsWith('line 999'));
    await screen.untilLines([...NUMBERS.map((line) => `\u258c client 0: ${line}`), `> ${DRAFT}`]);
    await screen.keys('Enter');
    await other.until(relayed(1, DRAFT));
  });
});
