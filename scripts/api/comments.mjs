// Doc comments, as API Extractor gives them in its model.

/**
 * @param {string} comment with its `/**` and `*` margin
 * @returns the parts of the comment: `summary` is Markdown, the others are lists in the order of their tags
 */
export function parseComment(comment = '') {
  const text = comment
    .replace(/^\/\*\*|\*\/\s*$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim();
  const [summary = '', ...blocks] = text.split(/^@(?=(?:param|returns|throws|example|remarks)\b)/m);
  const parts = { summary: summary.trim(), params: new Map(), returns: [], throws: [], examples: [] };
  for (const block of blocks) {
    const [, tag, body] = /^(\w+)\s*([\s\S]*)$/.exec(block);
    const content = body.trim();
    if (tag === 'param') {
      const [, name, description] = /^(\w+)\s*(?:- )?([\s\S]*)$/.exec(content);
      parts.params.set(name, description);
    } else if (tag === 'example') parts.examples.push(content);
    else if (tag === 'returns') parts.returns.push(content);
    else if (tag === 'throws') parts.throws.push(content.replace(/^\{(\w+)\}/, '`$1`:'));
    else parts.summary += `\n\n${content}`;
  }
  return parts;
}

/** One line of Markdown, with links to the headings of the page. */
export function inline(markdown, anchorOf) {
  return withLinks(markdown, anchorOf).replace(/\s*\n\s*/g, ' ');
}

/** Replaces `{@link Name}` and `{@link Name.member}` by links to the headings of the page. */
export function withLinks(markdown, anchorOf) {
  return markdown.replace(/\{@link ([\w.]+)\}/g, (_, name) => {
    const anchor = anchorOf(name);
    return anchor === undefined ? `\`${name}\`` : `[\`${name}\`](#${anchor})`;
  });
}
