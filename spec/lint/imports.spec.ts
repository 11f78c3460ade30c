import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const REJECTED: readonly [path: string, from: string][] = [
  ['lib/util/a.ts', '../protocol/message.js'],
  ['lib/protocol/a.ts', '../fanout/reader.js'],
  ['lib/fanout/a.ts', '../room/event-log.js'],
  ['lib/room/nats/a.ts', '../../sinks/sink.js'],
  ['lib/sinks/a.ts', '../transforms/chain.js'],
  ['lib/transforms/builtin/a.ts', '../../relay/relay.js'],
  ['lib/relay/a.ts', '../transcript/audit.js'],
  ['lib/transcript/a.ts', '../../bin/arguments.js'],
  ['lib/transcript/b.ts', '../conformance/run.js'],
  ['lib/conformance/cases/a.ts', '../../util/escape.js'],
  ['bin/commands/a.ts', '../../spec/support/inbox.js'],
];

const ACCEPTED: readonly [path: string, from: string][] = [
  ['lib/protocol/c.ts', '../util/errors.js'],
  ['lib/fanout/c.ts', '../protocol/message.js'],
  ['lib/relay/c.ts', '../room/event-log.js'],
  ['lib/conformance/cases/c.ts', '../room.js'],
  ['bin/commands/c.ts', '../../lib/relay/relay.js'],
];

/** Lints a copy of these files under the repository's configuration. Returns what Biome prints, by file. */
function lint(files: Readonly<Record<string, string>>): Map<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'mini-serv-imports-'));
  try {
    cpSync(join(ROOT, 'biome.json'), join(folder, 'biome.json'));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome');
    const args = [biome, 'lint', '--vcs-enabled=false', '--max-diagnostics=none', '--colors=off', '.'];
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    const printed = `${stdout}${stderr}`;
    const rules = [...printed.matchAll(/^(\S+\.ts):\d+:\d+ (lint\/\S+)/gm)];
    return new Map(rules.map(([, path, rule]) => [path as string, rule as string]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the import rule in biome.json', () => {
  let rules: Map<string, string>;

  before(() => {
    rules = lint({
      ...Object.fromEntries([...REJECTED, ...ACCEPTED].map(([path, from]) => [path, `import '${from}';\n`])),
      'lib/relay/one.ts': "import type { Two } from './two.js';\n\nexport type One = Two[];\n",
      'lib/relay/two.ts': "import type { One } from './one.js';\n\nexport type Two = One[];\n",
    });
  });

  for (const [path, from] of REJECTED) {
    it(`rejects an import of ${from} in ${dirname(path)}`, () => {
      expect(rules.get(path)).to.equal('lint/style/noRestrictedImports');
    });
  }

  for (const [path, from] of ACCEPTED) {
    it(`accepts an import of ${from} in ${dirname(path)}`, () => {
      expect(rules.get(path)).to.equal(undefined);
    });
  }

  it('rejects two files that import types from each other', () => {
    expect(rules.get('lib/relay/one.ts')).to.equal('lint/suspicious/noImportCycles');
  });
});
