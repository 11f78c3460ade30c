// Finds the prose in a file: comments, test titles, messages, and the paragraphs of Markdown.
import jsTokens from 'js-tokens';

/** @typedef {'doc' | 'heading' | 'comment' | 'docComment' | 'title' | 'message'} Kind */
/** @typedef {{ line: number, kind: Kind, text: string }} Text */

const TITLE_FUNCTIONS = new Set(['describe', 'it', 'context', 'specify']);
/** Shorter strings are names and fragments. */
const MIN_MESSAGE_WORDS = 4;

/**
 * @param {string} path relative to the root; its extension tells the language
 * @param {string} content
 * @returns {Text[]} in the order of the file; code in quotes is replaced by the word CODE
 */
export function textsOf(path, content) {
  if (path.endsWith('.md')) return markdown(content);
  if (/\.[cm]?[jt]s$/.test(path)) return script(content, !/^(?:spec|scripts\/lint)\//.test(path));
  if (/\.[ch]$/.test(path)) return cComments(content);
  return markedComments(content, path.endsWith('.wat') ? ';;' : '#');
}

/** Paragraphs, list items and headings; no code, no tables, no targets of links. */
function markdown(content) {
  return blocks('doc', 1, content.split('\n'), {
    isSkipped: (line) => /^\s*(?:\||<)|^\[[^\]]+\]: /.test(line),
    start: (line) => /^(?:#+|\s*(?:[-*+]|\d+\.)) (.*)/.exec(line)?.[1],
    kindOf: (line, kind) => (line.startsWith('#') ? 'heading' : kind),
  });
}

/** Paragraphs of a comment; no code, no tables. A tag such as `@param name` starts a paragraph. */
function comment(kind, line, text) {
  return blocks(kind, line, text.split('\n'), {
    isSkipped: (each) => /^(?: {2,}|\|)/.test(each),
    start: (each) => /^(?:@(?:param|property|template) \S+|@\w+|[-*]) ?(.*)/.exec(each)?.[1],
    kindOf: () => kind,
  });
}

/** Divides lines into blocks that are separated by empty lines, skipped lines and fenced code. */
function blocks(kind, firstLine, lines, { isSkipped, start, kindOf }) {
  const texts = [];
  let fence = '';
  let block = null;
  for (const [index, line] of lines.entries()) {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1] ?? '';
    const wasFenced = fence !== '';
    if (!wasFenced) fence = mark;
    else if (mark.startsWith(fence)) fence = '';
    if (wasFenced || mark !== '' || line.trim() === '' || isSkipped(line)) {
      block = null;
      continue;
    }
    const first = start(line);
    const isHeading = block?.kind === 'heading';
    if (block === null || first !== undefined || isHeading) {
      block = { line: firstLine + index, kind: kindOf(line, kind), text: '' };
      texts.push(block);
    }
    block.text += `${first ?? line}\n`;
  }
  return texts.map((each) => ({ ...each, text: plain(each.text) }));
}

/** Comments, titles of tests and, with `withMessages`, strings of several words. */
function script(content, withMessages) {
  const texts = [];
  const lineComments = [];
  const templates = [];
  let significant = [];
  let line = 1;
  let lastCodeLine = 0;
  const isTitle = () => {
    const [object, dot, name, bracket] = ['', '', '', ...significant].slice(-4);
    return bracket === '(' && TITLE_FUNCTIONS.has(dot === '.' ? object : name);
  };
  const addString = (start, text, title) => {
    if (title) texts.push({ line: start, kind: 'title', text: plain(text) });
    else if (withMessages && text.trim().split(/\s+/).length >= MIN_MESSAGE_WORDS)
      texts.push({ line: start, kind: 'message', text: plain(text) });
  };
  for (const { type, value } of jsTokens(content)) {
    if (type === 'SingleLineComment')
      lineComments.push({ line, text: value.slice(2), isTrailing: lastCodeLine === line });
    if (type === 'MultiLineComment') texts.push(...blockComment(line, value));
    if (type === 'StringLiteral' || type === 'NoSubstitutionTemplate')
      addString(line, unquoted(value), isTitle());
    if (type === 'TemplateHead') templates.push({ line, text: unquoted(value), title: isTitle() });
    const template = templates.at(-1);
    if (type === 'TemplateMiddle') template.text += `CODE${unquoted(value)}`;
    if (type === 'TemplateTail') {
      templates.pop();
      addString(template.line, `${template.text}CODE${unquoted(value)}`, template.title);
    }
    line += value.split('\n').length - 1;
    if (/^(?:WhiteSpace|LineTerminatorSequence|\w+Comment)$/.test(type)) continue;
    significant = [...significant.slice(-3), value];
    lastCodeLine = line;
  }
  return inOrder([...texts, ...joined(lineComments)]);
}

/** Comments of C: `//` and the block form. A string that contains either counts as a comment, too. */
function cComments(content) {
  const texts = [...content.matchAll(/\/\*[\s\S]*?\*\//g)].flatMap((match) =>
    blockComment(content.slice(0, match.index).split('\n').length, match[0]),
  );
  return inOrder([...texts, ...markedComments(content, '//')]);
}

/** Comments from `mark` to the end of the line. */
function markedComments(content, mark) {
  const comments = content.split('\n').flatMap((text, index) => {
    const isTrailing = !text.trimStart().startsWith(mark);
    const start = isTrailing ? text.indexOf(` ${mark} `) + 1 : text.indexOf(mark);
    if ((isTrailing && start === 0) || text.startsWith('#!')) return [];
    return [{ line: index + 1, text: text.slice(start + mark.length), isTrailing }];
  });
  return joined(comments);
}

/** Comments on consecutive lines of their own are one comment. */
function joined(comments) {
  const whole = [];
  let last = null;
  for (const each of comments) {
    const text = each.text.replace(/^ /, '');
    if (last !== null && each.line === last.line + 1 && !each.isTrailing && !last.isTrailing)
      whole.at(-1).text += `\n${text}`;
    else whole.push({ line: each.line, text });
    last = each;
  }
  return whole.flatMap(({ line, text }) => comment('comment', line, text));
}

function blockComment(line, value) {
  const text = value
    .slice(2, -2)
    .replace(/^\*/, '')
    .replaceAll(/^\s*\* ?/gm, '')
    .trimEnd();
  return comment(value.startsWith('/**') ? 'docComment' : 'comment', line, text.replace(/^ /, ''));
}

const inOrder = (texts) => texts.sort((a, b) => a.line - b.line);

/** A link is its text, and code in quotes is one word. */
function plain(text) {
  return text
    .replaceAll(/(`+)[\s\S]*?\1/g, 'CODE')
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/\*\*|__/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function unquoted(value) {
  return value
    .replace(/^(?:['"`]|\})/, '')
    .replace(/(?:['"`]|\$\{)$/, '')
    .replaceAll(/\\n/g, '\n')
    .replaceAll(/\\(.)/g, '$1');
}
