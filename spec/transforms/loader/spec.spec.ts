import { expect } from 'chai';
import { MiniServError } from '../../../lib/index.js';
import { parseTransformSpec } from '../../../lib/transforms/loader/spec.js';

function errorMessage(spec: string): string {
  try {
    parseTransformSpec(spec);
  } catch (error) {
    expect(error).to.be.an.instanceOf(MiniServError).with.property('code', 'ERR_OPTION');
    return (error as Error).message;
  }
  throw new Error(`${spec} was parsed`);
}

describe('parseTransformSpec', () => {
  const names: [spec: string, name: string, isFile: boolean, options?: Record<string, unknown>][] = [
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
  for (const [spec, name, isFile, options = {}] of names) {
    it(`parses ${spec}`, () => {
      expect(parseTransformSpec(spec)).to.deep.equal({ text: spec, name, isFile, options });
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
    it(`parses the options ${JSON.stringify(source)}`, () => {
      const { options: parsed } = parseTransformSpec(`t=${source}`);
      expect(parsed).to.deep.equal(expected);
      expect(Object.keys(parsed)).to.deep.equal(Object.keys(expected));
    });
  }

  const invalid: Record<string, RegExp> = {
    '': /expected name or name=options$/,
    '=drop:x': /expected name or name=options$/,
    '""': /expected name or name=options$/,
    '"./t.mjs': /the closing " is missing$/,
    '"./t.mjs"x': /expected = after the name in quotes, got 'x'$/,
    'filter=secret': /expected options as key=value,key=value or as a JSON object, got 'secret'$/,
    'escape:foo=1': /expected = before the options: escape=foo=1$/,
    './t.mjs:a=1,b=2': /expected = before the options: \.\/t\.mjs=a=1,b=2$/,
    'filter=,drop:x': /key=value.*got ',drop:x'$/,
    'filter=:x': /key=value/,
    'filter=1a:x': /key=value/,
    'filter=[1]': /key=value/,
    'filter= {"a":1}': /key=value/,
    'filter=drop:x,drop:y': /the option 'drop' is given twice$/,
    'filter=drop:"x': /the closing " is missing$/,
    "filter=drop:'tis": /the closing ' is missing$/,
    'filter=drop:"x"y': /expected a comma after the value in quotes, got 'y'$/,
    'filter=drop:"x",': /key=value.*got ''$/,
    'filter={"drop":': /expected a JSON object after =: ./,
    'filter={"drop":1}x': /expected a JSON object after =: ./,
    't=__proto__:x': /the option name '__proto__' is not allowed$/,
    't={"__proto__":{"a":1}}': /the option name '__proto__' is not allowed$/,
    't={"a":[{"__proto__":{"b":1}}]}': /the option name '__proto__' is not allowed$/,
  };
  for (const [spec, message] of Object.entries(invalid)) {
    it(`explains why ${JSON.stringify(spec)} is invalid`, () => {
      expect(errorMessage(spec)).to.match(message);
      expect(errorMessage(spec)).to.include(`invalid transform '${spec}': `);
    });
  }

  it('cannot change the prototype of objects', () => {
    for (const spec of ['t=__proto__:x', 't={"__proto__":{"polluted":1}}', 't=constructor:x,prototype:y']) {
      try {
        Object.assign({}, parseTransformSpec(spec).options);
      } catch {}
    }
    expect(({} as { polluted?: unknown }).polluted).to.equal(undefined);
    expect(Object.getPrototypeOf(parseTransformSpec('t=a:b').options)).to.equal(Object.prototype);
  });
});
