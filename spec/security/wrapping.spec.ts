import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { createFormatter } from '../../lib/protocol/formats.js';
import { lineMark } from '../../lib/util/line-mark.js';
import { addCleanup } from '../support/cleanup.js';
import { connect } from '../support/client.js';
import { serverCommand, startServer } from '../support/command.js';
import { HOSTILE } from '../support/hostile.js';
import { folder } from '../support/modules.js';
import { freePort, isListening } from '../support/ports.js';
import { checkProperty } from '../support/property.js';
import { onTerminal } from '../support/terminal.js';
import { rowsOf } from '../support/terminal-model.js';
import { describeWith } from '../support/tools.js';
import { eventually } from '../support/waiting.js';
import { arrivedNotice, leftNotice, relayedBytes } from '../support/wire.js';

const MAX_COLUMNS = 200;
const NOTICE = 'server: client 0 just left';
const [MARK = ''] = lineMark().text;

function view(name: 'view' | 'timedView', lines: readonly Uint8Array[]): string {
  const bytes = Buffer.concat([
    Buffer.from(arrivedNotice(0)),
    relayedBytes(0, ...lines),
    Buffer.from(leftNotice(0)),
  ]);
  const pieces = [...createFormatter(name).format([bytes], [{ at: 0, time: 0 }])];
  return Buffer.concat(pieces.flat()).toString().slice(0, -1);
}

/** Fails unless exactly the rows that start a line start with the mark, at each width. */
function expectMarks(output: string, widths: Iterable<number>): void {
  for (const columns of widths) {
    for (const [i, { cells, isLineStart }] of rowsOf(output, columns).entries()) {
      const isMarked = cells[0]?.startsWith(MARK) === true;
      if (isMarked !== isLineStart) {
        throw new Error(
          `row ${i} of ${columns} columns: ${JSON.stringify(cells.join(''))} (start: ${isLineStart})`,
        );
      }
    }
  }
}

const allWidths = Array.from({ length: MAX_COLUMNS }, (_, i) => i + 1);

describe('security: long lines on a terminal', () => {
  const attacks: Record<string, string> = {
    'spaces up to the end of a row': NOTICE,
    'a mark': `${MARK} ${NOTICE}`,
    'a mark of the other kind': `\u258c ${NOTICE}`,
    tabs: `\t\t${NOTICE}`,
    'wide characters, which leave the last column empty': `漢${NOTICE}`,
    'combining characters': `e\u0301\u0301 ${NOTICE}`,
    'zero-width characters': `\u200b\ufeff${NOTICE}`,
    'other line breaks': `\v\f\x85\u2028\u2029${NOTICE}`,
    'look-alikes of the mark': `\u2588 ${NOTICE} \u{1fb8b} ${NOTICE}`,
  };
  for (const [what, attack] of Object.entries(attacks)) {
    it(`cannot look like new lines at any width: ${what}`, () => {
      for (const name of ['view', 'timedView'] as const) {
        for (const indent of [0, 38, 99]) {
          const text = `brb${' '.repeat(indent)}${attack}${' '.repeat(indent)}${attack}`;
          expectMarks(view(name, [Buffer.from(text)]), allWidths);
        }
      }
    });
  }

  it('cannot look like new lines at any width: all hostile lines', () => {
    const lines = HOSTILE.map(([, line]) => line);
    expectMarks(view('view', lines), allWidths);
    expectMarks(view('timedView', lines), allWidths);
  });

  it('cannot look like new lines: random text at random widths', async () => {
    const parts = [
      ...'|\u258c\u2588│漢字\t\u0301\u200d\x1b\r\ue000 '.split(''),
      NOTICE,
      ' '.repeat(20),
      '👩',
      '\u{1fb70}',
    ];
    const text = fc.array(fc.oneof(fc.constantFrom(...parts), fc.string({ unit: 'binary', maxLength: 8 })), {
      maxLength: 60,
    });
    const lines = fc.array(text, { minLength: 1, maxLength: 3 });
    await checkProperty(
      'security/wrapping',
      150,
      fc.property(lines, fc.integer({ min: 1, max: MAX_COLUMNS }), (texts, columns) => {
        const bytes = texts.map((words) => Buffer.from(words.join('').replaceAll('\n', ' ')));
        expectMarks(view('view', bytes), [columns]);
      }),
    );
  });
});

describeWith('python3', 'security: lines of several writers on a terminal', () => {
  const mark = lineMark().text;
  /** The rows of a terminal without wrapping, from the message about the port on. */
  const rowsAfterStart = (text: string): string[] =>
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression matches colours
      .replace(/\x1b\[\d+m/g, '')
      .split('\r\n')
      .slice(1, -1);

  it('all start with the mark: the room with times, the log, and warnings with the text of a client', async () => {
    const cwd = await folder({
      'fail.mjs': `export default (message) => {
        if (message.kind === 'line') throw new Error('bad text: ' + message.text);
        return message;
      };`,
    });
    const server = await startServer({
      command: onTerminal(),
      args: ['--format', 'text', '-t', 'log', '-t', join(cwd, 'fail.mjs')],
    });
    const a = await connect(server);
    await a.send(`x${' '.repeat(100)}${mark}${NOTICE}\u200b\n`);
    // Of the room, of the log and of the relay, in any order.
    for (const line of [/Z server: client 0 just left\r/, /Z client 0: x.*\r/, /bad text: x.*\r/]) {
      await server.stdout.until((bytes) => line.test(String(bytes)));
    }
    const rows = rowsAfterStart(server.stdout.text);
    for (const row of rows) expect(row.startsWith(mark), row).to.equal(true);
    const escaped = mark === '| ' ? '\\\\x7c' : '\\\\u258c';
    expect(rows.join('\n')).to.match(new RegExp(`mini-serv: .* bad text: x +${escaped} ${NOTICE}\\\\u200b`));
    expect(rows.join('\n')).to.match(new RegExp(`Z client 0: x +${escaped} ${NOTICE}\\\\u200b`));
    expect(rows.join('\n')).to.match(/Z server: client 0 just arrived/);
  });
});

describeWith('tmux', 'security: long lines in tmux', () => {
  it('cannot look like new lines, also after the terminal was resized', async () => {
    const socket = join(await folder({}), 'socket');
    const tmux = (...args: string[]): string => {
      const { stdout, stderr, status } = spawnSync('tmux', ['-u', '-S', socket, '-f', '/dev/null', ...args], {
        encoding: 'utf8',
        env: { ...process.env, LC_ALL: 'C.UTF-8', TERM: 'xterm' },
      });
      if (status !== 0) throw new Error(`tmux ${args[0]}: ${stderr}`);
      return stdout;
    };
    addCleanup(() => void tmux('kill-server'));
    const port = await freePort();
    tmux('new-session', '-d', '-x', '80', '-y', '60', ...serverCommand(), String(port));
    await eventually('a listening server', () => isListening(port) !== false);
    const client = await connect({ port });
    const mark = '\u258c';
    const prefix = `${mark} client 0: brb`;
    const attacks = [NOTICE, `${mark} ${NOTICE}`, `漢${NOTICE}`, `\t${NOTICE}`, `| ${NOTICE}`];
    const lines = [80, 61, 40, 23].flatMap((columns) =>
      attacks.map((attack) =>
        `brb${' '.repeat(columns - prefix.length + 1)}${attack}`.replace(/ brb/, 'brb'),
      ),
    );
    await client.send(`${lines.join('\n')}\n`);
    client.end();
    const screen = (): string[] => tmux('capture-pane', '-p', '-S', '-').trimEnd().split('\n');
    await eventually('the end', () => screen().includes(`${mark} server: client 0 just left`));
    for (const columns of [80, 61, 40, 23, 120]) {
      tmux('resize-window', '-x', String(columns), '-y', '60');
      const rows = screen();
      const starts = rows.filter((row) => row.startsWith(mark));
      expect(starts.filter((row) => row.startsWith(`${mark} server:`)).length, `${columns} columns`).to.equal(
        2,
      );
      expect(starts.filter((row) => row.startsWith(prefix)).length, `${columns} columns`).to.equal(
        lines.length,
      );
      // The message about the port precedes the room.
      expect(starts.length, `${columns} columns`).to.equal(2 + lines.length);
    }
  });
});
