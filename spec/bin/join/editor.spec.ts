import { expect } from 'chai';
import { Editor } from '../../../bin/join/editor.js';
import type { Action } from '../../../bin/join/keys.js';

/** Types a text, uses keys, and shows the draft with its cursor as `|`. */
function edit(text: string, ...actions: Action[]): string {
  const editor = new Editor();
  editor.insert(text);
  for (const action of actions) editor.apply(action);
  return shown(editor);
}

function shown({ text, cursor }: Editor): string {
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`;
}

const EDITS: Record<string, [text: string, ...actions: Action[]]> = {
  'ab|c': ['abc', 'left'],
  'abc|': ['abc', 'right'],
  '|abc': ['abc', 'home', 'left'],
  'abc |': ['abc ', 'home', 'end'],
  'one |two': ['one two', 'wordLeft'],
  'one| two': ['one two', 'home', 'wordRight'],
  'a|c': ['abc', 'left', 'deleteLeft'],
  'ac|': ['abc', 'left', 'left', 'deleteRight', 'end'],
  'one a-|': ['one a-b', 'deleteWordLeft'],
  'one |': ['one a-b', 'deleteSpacedWordLeft'],
  '| two': ['one two', 'home', 'deleteWordRight'],
  '|c': ['abc', 'left', 'deleteToStart'],
  'a|': ['abc', 'home', 'right', 'deleteToEnd'],
  'twoone |': ['one two', 'deleteWordLeft', 'home', 'yank', 'deleteToEnd', 'yank'],
  '日|本': ['日本', 'left'],
  'e\u0301|': ['e\u0301x', 'deleteLeft'],
  'a|👩\u200d👧': ['a👩\u200d👧', 'left'],
  'x|': ['x👩\u200d👧', 'deleteLeft'],
  '|': ['', 'left', 'right', 'deleteLeft', 'deleteRight', 'deleteToEnd', 'older', 'newer', 'yank'],
  'q|': ['q', 'redraw'],
};

describe('the editor of mini-serv join', () => {
  for (const [result, [text, ...actions]] of Object.entries(EDITS)) {
    it(`makes ${result} of ${JSON.stringify(text)} with ${actions.join(', ')}`, () => {
      expect(edit(text, ...actions)).to.equal(result);
    });
  }

  it('recalls earlier lines, and then the draft, with its changes', () => {
    const editor = new Editor();
    for (const line of ['one', 'two', 'two', '']) {
      editor.insert(line);
      expect(editor.take()).to.equal(line);
    }
    editor.insert('draft');
    const seen = (['older', 'older', 'older', 'newer', 'newer', 'newer'] as const).map((action) => {
      editor.apply(action);
      return shown(editor);
    });
    expect(seen).to.deep.equal(['two|', 'one|', 'one|', 'two|', 'draft|', 'draft|']);
  });

  it('keeps changes to earlier lines until a line is sent', () => {
    const editor = new Editor();
    editor.insert('one');
    editor.take();
    editor.insert('draft');
    editor.apply('older');
    editor.insert('!');
    for (const action of ['newer', 'older'] as const) editor.apply(action);
    expect(shown(editor)).to.equal('one!|');
    expect(editor.take()).to.equal('one!');
    for (const action of ['older', 'older'] as const) editor.apply(action);
    expect(shown(editor)).to.equal('one|');
  });

  it('forgets the oldest of more than 1,000 lines', () => {
    const editor = new Editor();
    for (let i = 0; i < 1001; i++) {
      editor.insert(`${i}`);
      editor.take();
    }
    for (let i = 0; i < 1001; i++) editor.apply('older');
    expect(shown(editor)).to.equal('1|');
  });

  it('moves over a word of a million characters without delay', () => {
    expect(edit(`${'a'.repeat(1e6)} b`, 'wordLeft', 'wordLeft').slice(0, 2)).to.equal('|a');
  });
});
