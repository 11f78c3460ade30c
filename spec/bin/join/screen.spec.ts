import { expect } from 'chai';
import fc from 'fast-check';
import { widthOf } from '../../../bin/join/layout.js';
import { Screen } from '../../../bin/join/screen.js';
import { checkProperty } from '../../support/property.js';
import { ScreenModel } from '../../support/screen-model.js';

const PROMPT = '> ';

function draftOf(text: string, cursor = text.length) {
  return { text, cursor, cursorEnd: Math.min(text.length, cursor + 1) };
}

/** Draws lines one by one above a draft. */
function drawLines(
  model: ScreenModel,
  text: string,
  count: number,
  size = { columns: 80, rows: 24 },
): string[] {
  const screen = new Screen(PROMPT);
  const lines = Array.from({ length: count }, (_, i) => `line ${i}`);
  for (const line of lines) model.write(screen.draw(`${line}\n`, draftOf(text), size));
  return lines;
}

describe('the screen of mini-serv join', () => {
  it('keeps a draft that is longer than the row whole below 1,000 lines', () => {
    const model = new ScreenModel(80, 24);
    const text = 'a draft of several rows '.repeat(20).trim();
    const lines = drawLines(model, text, 1000);
    expect(model.lines).to.deep.equal([...lines, PROMPT + text]);
  });

  for (const emojiWidth of [1, 2, 3]) {
    it(`keeps a draft whole on a terminal that gives ${emojiWidth} cells to an emoji`, () => {
      const widthOfCell = (character: string): number =>
        character === '👍' ? emojiWidth : widthOf(character);
      const model = new ScreenModel(20, 10, widthOfCell);
      const text = '日本👍a'.repeat(10);
      const lines = drawLines(model, text, 30, { columns: 20, rows: 10 });
      expect(model.rows.slice(0, 30)).to.deep.equal(lines);
      // A row of more cells than expected loses its end.
      const rows = model.rows.slice(30);
      if (emojiWidth < 3) expect(rows.join('')).to.equal(PROMPT + text);
      else expect(rows).to.have.length(4);
    });
  }

  it('shows control characters and invisible characters of the draft as escapes', () => {
    const model = new ScreenModel(80, 24);
    drawLines(model, '\x1b[2J\ta\u202eb', 1);
    expect(model.lines).to.deep.equal(['line 0', `${PROMPT}\\x1b[2J\\ta\\u202eb`]);
  });

  for (const [text, cursor, expected] of [
    ['abc', 1, 'b'],
    ['abc', 3, ' '],
    ['日本', 1, '本'],
    ['\x07', 0, '\\x07'],
  ] as const) {
    it(`shows the cursor at position ${cursor} of ${JSON.stringify(text)} as a reversed ${expected}`, () => {
      const model = new ScreenModel(80, 24);
      model.write(new Screen(PROMPT).draw('', draftOf(text, cursor), { columns: 80, rows: 24 }));
      expect(model.reversed).to.equal(expected);
    });
  }

  it('shows the rows around the cursor of a draft that does not fit, and the lines above it', () => {
    const model = new ScreenModel(10, 5);
    const text = '0123456789'.repeat(20);
    const size = { columns: 10, rows: 5 };
    const lines = drawLines(model, text, 3, size);
    const end = ['8901234567', '8901234567', '89'];
    expect(model.rows).to.deep.equal([...lines, '[rows 19 t', ...end]);
    model.write(new Screen(PROMPT).draw('', draftOf(text, 0), size));
    expect(model.rows.slice(3)).to.deep.equal(['[rows 1 to', '> 01234567', '8901234567', '8901234567']);
  });

  it('shows the row of the cursor on a screen of two rows', () => {
    const model = new ScreenModel(10, 2);
    drawLines(model, '0123456789ab', 2, { columns: 10, rows: 2 });
    expect(model.rows).to.deep.equal(['line 0', 'line 1', '89ab']);
  });

  it('removes the draft at the end', () => {
    const model = new ScreenModel(20, 5);
    const lines = drawLines(model, 'x'.repeat(50), 9, { columns: 20, rows: 5 });
    model.write(new Screen(PROMPT).draw('end\n', null, { columns: 20, rows: 5 }));
    expect(model.rows.join('\n').trimEnd().split('\n')).to.deep.equal([...lines, 'end']);
  });

  it('leaves nothing of a draft behind when the terminal is resized before the program knows of it', async () => {
    const character = fc.constantFrom(...'abc  ', 'é', '日', '👍', 'e\u0301', '\x1b', '|');
    const text = fc.array(character, { minLength: 60, maxLength: 150 }).map((parts) => `<${parts.join('')}>`);
    const columns = fc.integer({ min: 24, max: 60 });
    const step = fc.record({ columns, knows: fc.boolean(), lines: fc.integer({ min: 0, max: 3 }) });
    const steps = fc.array(step, { minLength: 1, maxLength: 12 });
    await checkProperty(
      'join/screen',
      60,
      fc.property(text, columns, steps, (draft, first, resizes) => {
        const rows = 40;
        const model = new ScreenModel(first, rows);
        const screen = new Screen(PROMPT);
        const expected: string[] = [];
        let size = { columns: first, rows };
        const draw = (count: number): void => {
          const lines = Array.from({ length: count }, (_, i) => `line ${expected.length + i}`);
          expected.push(...lines);
          model.write(screen.draw(lines.map((line) => `${line}\n`).join(''), draftOf(draft), size));
        };
        // From here on, each new row scrolls the screen.
        draw(rows);
        for (const { columns: next, knows, lines } of resizes) {
          model.resize(next, rows);
          if (!knows) draw(lines);
          size = { columns: next, rows };
          draw(lines);
        }
        const shown = new ScreenModel(size.columns, rows);
        shown.write(new Screen(PROMPT).draw('', draftOf(draft), size));
        const text = [...expected, ...shown.rows].join('\n').trimEnd();
        expect(model.rows.join('\n').trimEnd()).to.equal(text);
      }),
    );
  });
});
