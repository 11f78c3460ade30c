// Words and phrases that make a text hard to read, each with what to write instead.

/** @typedef {import('./texts.mjs').Kind} Kind */
/** @type {Kind[]} */
const COMMENTS = ['comment', 'docComment'];
/** @type {Kind[]} */
const SENTENCES = ['doc', ...COMMENTS];

/** Where a sentence or a main clause starts. */
const START = '(?:^|[.!;:] )';
const start = (words) => new RegExp(`${START}(?:${words})\\b(?![^.]*\\?)`, 'i');
const phrase = (words) => new RegExp(`\\b(?:${words})\\b`, 'i');

/**
 * `pattern` is searched in each text, after code in quotes was replaced by CODE; `kinds` limits it to some kinds of text.
 *
 * @type {{ pattern: RegExp, use: string, kinds?: Kind[] }[]}
 */
export const BANNED = [
  // A rule names its subject.
  {
    pattern: start('who|whoever|whatever|those who|one that|one who'),
    use: '"a client that …", "the reader", "anyone who …"',
    kinds: [...SENTENCES, 'title', 'message'],
  },
  { pattern: /(?:^|[.!] )What\b(?![^.?]*\?)/, use: 'the noun for the thing', kinds: SENTENCES },
  { pattern: /^(?:It|They)\b/, use: 'the noun for the thing', kinds: COMMENTS },
  {
    pattern: start('(?:all|none|such) (?:that|who|which|of them|is|are|has|may|can|must)'),
    use: 'the noun for the thing',
    kinds: [...SENTENCES, 'title', 'message'],
  },
  {
    pattern: phrase('nobody|whoever|somebody|everybody|anybody|no one'),
    use: '"no client", "a client that …", "each reader", "anyone who …"',
  },
  { pattern: phrase('(?:but|and|or|for|of|to|by|with|than|less) who'), use: '"a client that …"' },
  {
    pattern: phrase(
      'what (?:is none|is no|is left|is said|is kept|few|becomes|became|comes|came|stands|lies)',
    ),
    use: 'the noun for the thing',
  },
  {
    pattern: /^(?:that|what|who|where|whoever|whatever|one|those|it|and|but|so|neither)\b/i,
    use: 'behaviour and condition, such as "closes the socket when …"',
    kinds: ['title'],
  },
  { pattern: phrase('one (?:likes|wants|would|has to)'), use: '"you", or the noun' },

  // The words of the field.
  { pattern: phrase('mend(?:s|ed|ing)?'), use: '"fix"' },
  { pattern: phrase('hears?|heard|hearing|hearers?'), use: '"receive", "is notified"' },
  {
    pattern: phrase('(?:is|are|was|were|be|been|being|all|what|nothing|something|lines?|bytes|it) said'),
    use: '"sent", "reported", "printed"',
  },
  {
    pattern: phrase('says? (?:a|its|no|so many|each|numbered|small|more) lines?|says it again'),
    use: '"send"',
  },
  { pattern: phrase('(?<!let clients to )(?:speaks?|speaking|speakers?)'), use: '"send", "sender"' },
  { pattern: phrase('(?:is|are|was|were|be|been|being|not) told'), use: '"is notified", "is reported"' },
  {
    pattern: phrase(
      '(?:there (?:is|was|are) (?:no )?|no |make |made |more |enough |has |out of |disk |free |whose )room|room for|until there is room',
    ),
    use: '"space", "capacity"; a room is the chat room',
  },
  {
    pattern: phrase(
      'besides?|amid|lest|thereof|whence|thence|hitherto|likewise|thereupon|whereupon|anew|afresh|till',
    ),
    use: 'current English',
  },
  { pattern: phrase('for ever'), use: '"forever", "without end"' },
  { pattern: /\bno more\b(?! (?:\w+ )?than)/i, use: '"no longer", "no further …"' },
  { pattern: phrase('dearer'), use: '"more expensive"' },
  { pattern: phrase('(?:cannot|could not) be had'), use: '"unavailable", "fails"' },
  {
    pattern: phrase(
      'that (?:is|are) none|(?<!there )is no (?:room|record|number|matter|reason|limit|option|port|place|stream|directory|text)',
    ),
    use: '"invalid", "is not a …"',
  },
  { pattern: phrase('under ?way'), use: '"in flight", "in progress"' },
  { pattern: phrase('newcomers?|laggards?|guests?'), use: '"new client", "slow reader", "client"' },
  { pattern: phrase('less (?:its|their|his) own'), use: '"except its own messages"' },
  {
    pattern: phrase('(?:stands?|stood) (?:between|in one place|around|still|beneath|there)'),
    use: '"is", "runs", "waits"',
  },
  { pattern: phrase('came of|becomes? of|amounts? to'), use: '"the result", "happens to", "is"' },
  { pattern: phrase('goes on|go on|went on|going on'), use: '"continues", "resumes"' },
  {
    pattern: phrase('(?:is|are|was|were) (?:gone|there)(?=[.,;:]|$)'),
    use: '"closed", "exists", "is listening"',
  },
  {
    pattern: phrase('in vain|for the sake of|for to|not before'),
    use: 'the plain fact, such as "only after"',
  },
  {
    pattern: phrase(
      'wholly|to and fro|round and round|by and by|as (?:many|often|long) as (?:you|one) likes?',
    ),
    use: 'current English',
  },
  { pattern: phrase('(?:a|no) matter of'), use: 'the plain verb' },

  // One word, one meaning.
  { pattern: phrase('pacing'), use: '"flow control"' },
  { pattern: phrase('rosters?'), use: '"snapshot"' },
  { pattern: phrase('beats|(?:a|the|its|no|own) beat'), use: '"heartbeat"' },
  { pattern: phrase('(?:a|the) fold|folds'), use: '"room state"' },
  { pattern: /(?<!")\bepochs?\b/i, use: '"instance id"; the key in a record is code and needs quotes' },
  {
    pattern: phrase('hush|kick(?:s|ed)?|lingers?|dismiss|accus(?:es?|ed)'),
    use: '"stop reading", "disconnect", "declare dead"',
  },
  {
    pattern: phrase('signs? of life|shows that it lives|(?<!this one is )cut off'),
    use: '"heartbeat", "disconnected"',
  },
  { pattern: phrase('(?:a|the) world|worlds'), use: '"environment"' },

  // Filler, and notes to the author.
  {
    pattern: phrase('simply|obviously|of course|needless to say|basically'),
    use: 'nothing: leave the word out',
  },
  { pattern: /\b(?:TODO|FIXME|XXX)\b/, use: 'the finished work, or an issue in the tracker' },
];
