import { expect } from 'chai';
import { defines, forbidden } from '../../lib/conformance/source-rules.js';

describe('conformance: source rules', () => {
  it('finds a #define however it is written', () => {
    for (const code of [
      '#define A',
      '  #  define A 1',
      '\t#\tdefine A',
      '#\\\ndefine A',
      '#de\\\r\nfine A',
      '%:define A',
    ]) {
      expect(defines(`int a;\n${code}\nint b;\n`), code).to.have.length(1);
    }
    expect(defines('/* a\n b */ #define A\n')).to.deep.equal([{ line: 2, code: '#define A' }]);
    expect(defines('int a; \\\n\\\nint b;\n#define A\n')).to.deep.equal([{ line: 4, code: '#define A' }]);
  });

  it('takes nothing else for one', () => {
    const none = [
      '// #define A',
      '/*\n#define A\n*/',
      'char *a = "\\\n#define A";',
      "char a = '#'; int define;",
      '#undef A',
      '#ifdef A\n#endif',
      '#defined A',
      'char *a = "/*";\nint b; // "\n',
      '// continued \\\n#define A',
    ];
    for (const code of none) expect(defines(code), code).to.deep.equal([]);
  });

  it('allows what the subject allows, and what compilers add on their own account', () => {
    const own = [
      '__stack_chk_fail',
      '_GLOBAL_OFFSET_TABLE_',
      '__errno_location',
      '__fdelt_chk',
      '__sprintf_chk',
      'memcpy',
      'memset',
      'strchr',
      'stderr',
    ];
    expect(
      forbidden([...'write close select htons htonl bzero'.split(' '), ...own], 'int main;'),
    ).to.deep.equal([]);
  });

  it('names what is not allowed as the source names it', () => {
    expect(forbidden(['memcpy', 'puts'], 'memcpy(a, b, 1); printf("a\\n");')).to.deep.equal([
      'memcpy',
      'printf',
    ]);
    expect(forbidden(['memcpy'], '// memcpy would be faster')).to.deep.equal([]);
    expect(forbidden(['__printf_chk', '__isoc99_sscanf', '__isoc23_strtol'], '')).to.deep.equal([
      'printf',
      'sscanf',
      'strtol',
    ]);
    expect(forbidden(['fwrite'], 'fprintf(stderr, "a")')).to.deep.equal(['fprintf']);
    expect(forbidden(['puts', 'fcntl', 'setsockopt', 'fcntl'], '')).to.deep.equal([
      'fcntl',
      'puts',
      'setsockopt',
    ]);
  });
});
