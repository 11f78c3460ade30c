import { expect } from 'chai';
import { MiniServError } from '../../../lib/index.js';
import { parseTransformSpec } from '../../../lib/transforms/loader/spec.js';

function refusal(spec: string): string {
  try {
    parseTransformSpec(spec);
  } catch (error) {
    expect(error).to.be.an.instanceOf(MiniServError).with.property('code', 'ERR_OPTION');
    return (error as Error).message;
  }
  throw new Error(`${spec} was taken`);
}

describe('transform spec', () => {
  const names: [spec: string, name: string, file: boolean, options?: Record<string, unknown>][] = [
    ['log', 'log', false],
    ['log=', 'log', false],
    ['no-http', 'no-http', false],
    ['filter=drop:secret', 'filter', false, { drop: 'secret' }],
    ['filter=drop=secret', 'filter', false, { drop: 'secret' }],
    ['@scope/pkg/sub', '@scope/pkg/sub', false],
    ['@scope/pkg/sub.js=a:1', '@scope/pkg/sub.js', false, { a: '1' }],
    ['./shout.mjs', './shout.mjs', true],
    ['../shout.cjs=a:1', '../shout.cjs', true, { a: '1' }],
    ['/abs/shout.js=', '/abs/shout.js', true],
    ['./a=b.mjs', './a=b.mjs', true],
    ['./a=b/c=d.mjs=e=f', './a=b/c=d.mjs', true, { e: 'f' }],
    ['./a=b.mjs={"c":"./d.mjs=e"}', './a=b.mjs', true, { c: './d.mjs=e' }],
    ['./t.mjs=with:./u.mjs', './t.mjs', true, { with: './u.mjs' }],
    ['./t.MJS=a:1', './t.MJS', true, { a: '1' }],
    ['./no-extension=a:1', './no-extension', true, { a: '1' }],
    ['./t.mjsx=a:1', './t.mjsx', true, { a: '1' }],
    ['C:\\x\\t.mjs', 'C:\\x\\t.mjs', true],
    ['C:\\x\\t.mjs=drop:secret', 'C:\\x\\t.mjs', true, { drop: 'secret' }],
    ['c:/x=y/t.mjs=drop:C:\\z', 'c:/x=y/t.mjs', true, { drop: 'C:\\z' }],
    ['.\\t.mjs={"a":1}', '.\\t.mjs', true, { a: 1 }],
    ['\\\\host\\share\\t.mjs', '\\\\host\\share\\t.mjs', true],
    ['file:///x/a%20b=c.mjs=d:e', 'file:///x/a%20b=c.mjs', true, { d: 'e' }],
    ['file:///C:/x/t.mjs', 'file:///C:/x/t.mjs', true],
    ['"./a.mjs=b/t.mjs"=c:d', './a.mjs=b/t.mjs', true, { c: 'd' }],
    ["'./it\\'s.mjs'", "./it's.mjs", true],
    ['"filter"=drop:x', 'filter', false, { drop: 'x' }],
  ];
  for (const [spec, name, file, options = {}] of names) {
    it(`takes ${spec} apart`, () => {
      expect(parseTransformSpec(spec)).to.deep.equal({ text: spec, name, file, options });
    });
  }

  const options: Record<string, Record<string, unknown>> = {
    'a:1,b:2': { a: '1', b: '2' },
    'a=1,b:2,c=': { a: '1', b: '2', c: '' },
    'a:': { a: '' },
    'a:b:c=d': { a: 'b:c=d' },
    'a:true,b:1e3': { a: 'true', b: '1e3' },
    'drop:a,b': { drop: 'a,b' },
    'drop:/a{1,3},[x,y]/i,keep:/z/': { drop: '/a{1,3},[x,y]/i', keep: '/z/' },
    'drop:/a\\/b=c/i': { drop: '/a\\/b=c/i' },
    'to:/var/log/x.log,keep:/a/i': { to: '/var/log/x.log', keep: '/a/i' },
    'dropKind:arrived,left,drop:x': { dropKind: 'arrived,left', drop: 'x' },
    'a:"x,b:y",b:z': { a: 'x,b:y', b: 'z' },
    "a:'x,b=y'": { a: 'x,b=y' },
    'a:"say \\"hi\\" \\\\ \\d"': { a: 'say "hi" \\ \\d' },
    'a:"",b:1': { a: '', b: '1' },
    'a:it"s': { a: 'it"s' },
    'a: b ,c': { a: ' b ,c' },
    'a:x\ny,b:z': { a: 'x\ny', b: 'z' },
    'constructor:x': { constructor: 'x' },
    'drop-kind:x,$a_1:y': { 'drop-kind': 'x', $a_1: 'y' },
    '{}': {},
    '{"a":{"b":{"c":["}",{}]}},"d=":",e=f"}': { a: { b: { c: ['}', {}] } }, 'd=': ',e=f' },
    '{"a":1,"a":2}': { a: 2 },
  };
  for (const [source, expected] of Object.entries(options)) {
    it(`reads the options ${JSON.stringify(source)}`, () => {
      const { options: read } = parseTransformSpec(`t=${source}`);
      expect(read).to.deep.equal(expected);
      expect(Object.keys(read)).to.deep.equal(Object.keys(expected));
    });
  }

  const wrong: Record<string, RegExp> = {
    '': /names no transform/,
    '=drop:x': /names no transform/,
    '""': /names no transform/,
    '"./t.mjs': /never closed/,
    '"./t.mjs"x': /= was expected, not 'x'/,
    'filter=secret': /key=value.*not 'secret'/,
    'filter=,drop:x': /key=value.*not ',drop:x'/,
    'filter=:x': /key=value/,
    'filter=1a:x': /key=value/,
    'filter=[1]': /key=value/,
    'filter= {"a":1}': /key=value/,
    'filter=drop:x,drop:y': /'drop' is given twice/,
    'filter=drop:"x': /its " is never closed/,
    "filter=drop:'tis": /its ' is never closed/,
    'filter=drop:"x"y': /comma was expected, not 'y'/,
    'filter=drop:"x",': /key=value.*not ''/,
    'filter={"drop":': /no JSON/,
    'filter={"drop":1}x': /no JSON/,
    't=__proto__:x': /'__proto__' is no name/,
    't={"__proto__":{"a":1}}': /'__proto__' is no name/,
    't={"a":[{"__proto__":{"b":1}}]}': /'__proto__' is no name/,
  };
  for (const [spec, message] of Object.entries(wrong)) {
    it(`says what is wrong with ${JSON.stringify(spec)}`, () => {
      expect(refusal(spec)).to.match(message);
      if (spec !== '' && !spec.includes('"') && !spec.includes("'")) expect(refusal(spec)).to.include(spec);
    });
  }

  it('leaves the prototype of objects alone', () => {
    for (const spec of ['t=__proto__:x', 't={"__proto__":{"polluted":1}}', 't=constructor:x,prototype:y']) {
      try {
        Object.assign({}, parseTransformSpec(spec).options);
      } catch {}
    }
    expect(({} as { polluted?: unknown }).polluted).to.equal(undefined);
    expect(Object.getPrototypeOf(parseTransformSpec('t=a:b').options)).to.equal(Object.prototype);
  });
});
