import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { REPORTER_NAMES } from '../../bin/options/conformance-options.js';
import { MINI_SERV, ROOT } from '../support/conformance.js';
import { folder } from '../support/modules.js';
import { itWith } from '../support/tools.js';

const PAGE = readFileSync(join(ROOT, 'docs/reports.md'), 'utf8');

describe('docs/reports.md', () => {
  it('has a row for each format', () => {
    const rows = [...PAGE.matchAll(/^\| `(\w+)` \| [^|]+ \| [^|]+ \|$/gm)].map(([, name]) => name);
    expect(rows).to.have.members([...REPORTER_NAMES]);
  });

  it('links to files that exist', () => {
    for (const [, path = ''] of PAGE.matchAll(/\]\(([^)#]+)\)/g)) {
      expect(existsSync(join(ROOT, 'docs', path)), path).to.equal(true);
    }
  });

  itWith(['cc', 'bash'], 'begins with a command that writes three reports', async () => {
    const [, command = ''] = /^```sh\n(mini-serv conformance[\s\S]*?)^```$/m.exec(PAGE) ?? [];
    const dir = await folder({
      'bin/mini-serv': `#!/bin/sh\nexec "${process.execPath}" "${MINI_SERV}" "$@"\n`,
      'mini_serv.c': '#define A\nint main(void) { return A 0; }\n',
    });
    chmodSync(join(dir, 'bin/mini-serv'), 0o755);
    const env = { ...process.env, PATH: `${dir}/bin:${process.env.PATH}`, GITHUB_STEP_SUMMARY: '' };
    // Only one case, because the page does not depend on the others.
    const quick = command.replace('conformance', 'conformance --only no-define');
    const { status, stdout } = spawnSync('bash', ['-c', quick], { cwd: dir, env, encoding: 'utf8' });
    expect(status).to.equal(1);
    expect(stdout).to.match(/^::error .*line=1,/);
    expect(readFileSync(join(dir, 'mini_serv.xml'), 'utf8')).to.contain('<failure ');
    expect(readFileSync(join(dir, 'mini_serv.html'), 'utf8')).to.contain('id="case-no-define"');
  });
});
