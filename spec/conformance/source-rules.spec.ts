import { expect } from 'chai';
import { findDefines, findForbidden, findUses } from '../../lib/conformance/source-rules.js';

describe('findDefines()', () => {
  it('finds every form of the directive', () => {
    for (const code of [
      '#define A',
      '  #  define A 1',
      '\t#\tdefine A',
      '#\\\ndefine A',
      '#de\\\r\nfine A',
      '%:define A',
    ]) {
      expect(findDefines(`int a;\n${code}\nint b;\n`), code).to.have.length(1);
    }
    expect(findDefines('/* a\n b */ #define A\n')).to.deep.equal([{ line: 2, code: '#define A' }]);
    expect(findDefines('int a; \\\n\\\nint b;\n#define A\n')).to.deep.equal([{ line: 4, code: '#define A' }]);
  });

  it('ignores comments, strings and other directives', () => {
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
    for (const code of none) expect(findDefines(code), code).to.deep.equal([]);
  });
});

describe('findForbidden()', () => {
  it('allows the functions of the subject and those that compilers add', () => {
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
      findForbidden([...'write close select htons htonl bzero'.split(' '), ...own], 'int main;'),
    ).to.deep.equal([]);
  });

  it('returns the names that the source uses, sorted', () => {
    expect(findForbidden(['memcpy', 'puts'], 'memcpy(a, b, 1); printf("a\\n");')).to.deep.equal([
      'memcpy',
      'printf',
    ]);
    expect(findForbidden(['memcpy'], '// memcpy would be faster')).to.deep.equal([]);
    expect(findForbidden(['__printf_chk', '__isoc99_sscanf', '__isoc23_strtol'], '')).to.deep.equal([
      'printf',
      'sscanf',
      'strtol',
    ]);
    expect(findForbidden(['fwrite'], 'fprintf(stderr, "a")')).to.deep.equal(['fprintf']);
    expect(findForbidden(['puts', 'fcntl', 'setsockopt', 'fcntl'], '')).to.deep.equal([
      'fcntl',
      'puts',
      'setsockopt',
    ]);
  });
});

describe('findUses()', () => {
  it('finds the first line that uses a name, but not in comments, strings and longer names', () => {
    const source = '// printf\nint printf_count;\nchar *s = "printf";\n\tprintf("%d", 1);\nprintf("x");\n';
    expect(findUses(['printf', 'fputs'], source)).to.deep.equal([{ line: 4, code: 'printf("%d", 1);' }]);
    const included = '#include <signal.h>\n# include <poll.h>\nsignal(1, 0);\n';
    expect(findUses(['signal', 'poll'], included)).to.deep.equal([{ line: 3, code: 'signal(1, 0);' }]);
  });
});
