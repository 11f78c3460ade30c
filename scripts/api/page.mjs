// Renders the reference page of the public API.
import { inline, parseComment, withLinks } from './comments.mjs';
import { AS_IN_NODE, OMITTED_MEMBERS, SECTIONS } from './sections.mjs';

const introduction = (functions) => `# API

What can I import from \`mini-serv\`, and how is it called?

This page is generated from the doc comments by \`npm run api\`. The examples assume these lines:

\`\`\`js
import { createWriteStream } from 'node:fs';
import { duplexPair, PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
${functions.map((name) => `  ${name},\n`).join('')}} from 'mini-serv';

const relay = createRelay();
\`\`\`

Sizes are in bytes and times in milliseconds, as the names say. Options that are not listed are rejected with
\`ERR_OPTION\`.
`;

/** @param exported the exports of the package, as in API Extractor's model */
export function renderPage(exported) {
  // API Extractor renames exports that have the name of a global.
  const items = exported.map((item) => ({ ...item, name: item.name.replace(/_\d+$/, '') }));
  const byName = new Map(items.map((item) => [item.name, item]));
  const listed = SECTIONS.flatMap(({ names }) => names).filter((name) => byName.has(name));
  const undocumented = [];
  const anchorOf = (name) => {
    const [owner, member] = name.split('.');
    if (!listed.includes(owner)) return undefined;
    const hasHeading = byName.get(owner).kind === 'Class' && member !== undefined;
    return headingOf(hasHeading ? { owner, ...find(byName.get(owner), member) } : byName.get(owner)).anchor;
  };
  const context = { anchorOf, undocumented };
  const sections = SECTIONS.map(({ title, text, names }) => ({
    title,
    text,
    items: names.flatMap((name) => byName.get(name) ?? []),
  })).filter(({ items }) => items.length > 0);
  const contents = sections.map(
    ({ title, items }) =>
      `- [${title}](#${slug(title)}): ${items.map((item) => link(headingOf(item))).join(', ')}`,
  );
  const headings = sections.flatMap(({ title, items }) => [
    slug(title),
    ...items.map((item) => headingOf(item).anchor),
  ]);
  const twice = headings.find((anchor, i) => headings.indexOf(anchor) !== i);
  if (twice !== undefined) throw new Error(`docs/api.md would have two headings #${twice}`);
  const functions = items.filter(({ kind }) => kind === 'Function').map(({ name }) => name);
  const page = [
    introduction(functions),
    contents.join('\n'),
    ...sections.flatMap(({ title, text, items }) => [
      `## ${title}`,
      text,
      ...items.flatMap((item) => renderItem(item, context)),
    ]),
  ].join('\n\n');
  const unlisted = items.map(({ name }) => name).filter((name) => !listed.includes(name));
  return { page: `${page.replace(/\n{3,}/g, '\n\n').trim()}\n`, unlisted, undocumented };
}

function renderItem(item, context) {
  const { heading } = headingOf(item);
  const { kind, name } = item;
  const comment = parseComment(item.docComment);
  if (comment.summary === '') context.undocumented.push(name);
  const parts = [`### ${heading}`, withLinks(comment.summary, context.anchorOf)];
  if (kind === 'Function') parts.push(...renderCall(item, comment, context));
  else if (kind === 'TypeAlias') parts.push(code(`type ${name} = ${textOf(item, item.typeTokenRange)}`));
  else {
    for (const range of item.extendsTokenRanges ?? []) {
      parts.push(
        `It has all properties of ${withLinks(`{@link ${textOf(item, range).trim()}}`, context.anchorOf)} as well.`,
      );
    }
    if (AS_IN_NODE.includes(name)) parts.push(renderSignatures(item));
    else parts.push(...renderMembers(item, context));
  }
  parts.push(...renderExamples(comment));
  return parts.filter((part) => part !== '');
}

function renderMembers(item, context) {
  const members = item.members.filter(
    ({ kind, name }) => kind !== 'Constructor' && !OMITTED_MEMBERS.test(name),
  );
  const properties = members.filter(({ kind }) => /^Property/.test(kind));
  const methods = members.filter(({ kind }) => /^Method/.test(kind));
  return [
    properties.length === 0
      ? ''
      : renderProperties(properties, item.name, item.name === 'RelayEvents', context),
    ...methods.flatMap((method) => renderMethod(method, item, context)),
  ];
}

/** The methods of an interface without descriptions. */
function renderSignatures({ members }) {
  return code(members.map((member) => member.excerptTokens.map(({ text }) => text).join('')).join('\n'));
}

function renderMethod(method, owner, context) {
  const comment = parseComment(method.docComment);
  if (comment.summary === '') context.undocumented.push(`${owner.name}.${method.name}`);
  const { heading } = headingOf({ ...method, owner: owner.name });
  return [
    `#### ${heading}`,
    withLinks(comment.summary, context.anchorOf),
    ...renderCall(method, comment, context),
    ...renderExamples(comment),
  ];
}

/** The signature, the parameters, the result and the errors of a function. */
function renderCall(item, { params, returns, throws }, { anchorOf }) {
  const signature = item.excerptTokens
    .map(({ text }) => text)
    .join('')
    .replace(/^export declare function |;$/g, '');
  const lines = [
    ...[...params].map(([name, text]) => `- \`${name}\`: ${inline(text, anchorOf)}`),
    ...returns.map((text) => `- Returns ${inline(text, anchorOf)}`),
    ...throws.map((text) => `- Throws ${inline(text, anchorOf)}`),
  ];
  return [code(signature), lines.join('\n')];
}

function renderProperties(properties, owner, isEvents, { anchorOf, undocumented }) {
  const head = isEvents ? '| event | arguments | when |' : '| name | type | description |';
  const rows = properties.map((property) => {
    const { summary } = parseComment(property.docComment);
    if (summary === '') undocumented.push(`${owner}.${property.name}`);
    const type = textOf(property, property.propertyTypeTokenRange).replace(/\s*\n\s*/g, ' ');
    const shown = isEvents ? type.replace(/^\[|\]$/g, '') : type;
    const optional = property.isOptional ? '?' : '';
    const cells = [
      `\`${property.name}${optional}\``,
      shown === '' ? '' : `\`${shown}\``,
      inline(summary, anchorOf),
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return [head, '| --- | --- | --- |', ...rows].join('\n');
}

function renderExamples({ examples }) {
  return examples.map((example) => (example.startsWith('```') ? example : code(example, 'js')));
}

function headingOf({ kind, name, owner }) {
  const isCallable = kind === 'Function' || /^Method/.test(kind);
  const subject = owner === undefined ? name : `${owner === 'Relay' ? 'relay' : owner}.${name}`;
  const heading = isCallable ? `${subject}()` : subject;
  return { heading, anchor: slug(heading), name };
}

function find({ members }, name) {
  return members.find((member) => member.name === name);
}

function textOf({ excerptTokens }, { startIndex, endIndex }) {
  return excerptTokens
    .slice(startIndex, endIndex)
    .map(({ text }) => text)
    .join('');
}

/** As GitHub makes the anchor of a heading. */
function slug(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

function link({ name, anchor }) {
  return `[\`${name}\`](#${anchor})`;
}

function code(text, language = 'ts') {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}
