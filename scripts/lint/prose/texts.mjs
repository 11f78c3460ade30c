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
  const texts = [];
  let fence = '';
  let paragraph = null;
  const endParagraph = () => {
    if (paragraph !== null) texts.push({ ...paragraph, text: plain(paragraph.text) });
    paragraph = null;
  };
  for (const [index, line] of content.split('\n').entries()) {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1] ?? '';
    if (fence !== '' || mark !== '') {
      endParagraph();
      if (fence === '') fence = mark;
      else if (mark.startsWith(fence)) fence = '';
      continue;
    }
    const heading = /^#+ (.*)/.exec(line)?.[1];
    if (heading !== undefined || /^\s*$|^\s*\||^\s*<|^\[[^\]]+\]: /.test(line)) {
      endParagraph();
      if (heading !== undefined) texts.push({ line: index + 1, kind: 'heading', text: plain(heading) });
      continue;
    }
    const item = /^\s*(?:[-*+]|\d+\.) (.*)/.exec(line)?.[1];
    if (item !== undefined) endParagraph();
    paragraph ??= { line: index + 1, kind: 'doc', text: '' };
    paragraph.text += `${item ?? line}\n`;
  }
  endParagraph();
  return texts;
}

/** Comments, titles of tests and, with `withMessages`, strings of several words. */
function script(content, withMessages) {
  const texts = [];
  const lineComments = [];
  const templates = [];
  let significant = [];
  let line = 1;
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
    if (type === 'SingleLineComment') lineComments.push({ line, text: value.slice(2).trim() });
    if (type === 'MultiLineComment') texts.push({ line, ...blockComment(value) });
    if (type === 'StringLiteral' || type === 'NoSubstitutionTemplate')
      addString(line, unquoted(value), isTitle());
    if (type === 'TemplateHead') templates.push({ line, text: unquoted(value), title: isTitle() });
    const template = templates.at(-1);
    if (type === 'TemplateMiddle') template.text += `CODE${unquoted(value)}`;
    if (type === 'TemplateTail') {
      templates.pop();
      addString(template.line, `${template.text}CODE${unquoted(value)}`, template.title);
    }
    if (!/^(?:WhiteSpace|LineTerminatorSequence|\w+Comment)$/.test(type))
      significant = [...significant.slice(-3), value];
    line += value.split('\n').length - 1;
  }
  return [...texts, ...joined(lineComments)].sort((a, b) => a.line - b.line);
}

/** Comments of C: `//` and the block form. Strings that contain either are rare enough to be written differently. */
function cComments(content) {
  const texts = [];
  for (const match of content.matchAll(/\/\*[\s\S]*?\*\//g)) {
    texts.push({ line: content.slice(0, match.index).split('\n').length, ...blockComment(match[0]) });
  }
  return [...texts, ...markedComments(content, '//')].sort((a, b) => a.line - b.line);
}

/** Comments from `mark` to the end of the line. */
function markedComments(content, mark) {
  const comments = content.split('\n').flatMap((text, index) => {
    const start = text.trimStart().startsWith(mark) ? text.indexOf(mark) : text.indexOf(` ${mark} `);
    if (start === -1 || text.startsWith('#!')) return [];
    return [{ line: index + 1, text: text.slice(start).trim().slice(mark.length).trim() }];
  });
  return joined(comments);
}

/** Comments on consecutive lines are one text. */
function joined(comments) {
  const texts = [];
  let last = Number.NaN;
  for (const { line, text } of comments) {
    if (line === last + 1) texts.at(-1).text += `\n${text}`;
    else texts.push({ line, kind: 'comment', text });
    last = line;
  }
  return texts.map((each) => ({ ...each, text: plain(withoutExamples(each.text)) }));
}

function blockComment(comment) {
  const text = comment
    .slice(2, -2)
    .replace(/^\*/, '')
    .replaceAll(/^\s*\* ?/gm, '');
  return { kind: comment.startsWith('/**') ? 'docComment' : 'comment', text: plain(withoutExamples(text)) };
}

/** Leaves out blocks of code and tables, and starts a sentence at each tag (`@param name`, `@throws`). */
function withoutExamples(text) {
  return text
    .replaceAll(/```[\s\S]*?```/g, '')
    .replaceAll(/^(?: {2,}|\|).*$/gm, '')
    .replaceAll(/^@(?:param|property|template) \S+/gm, '. ')
    .replaceAll(/^@\w+/gm, '. ');
}

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
