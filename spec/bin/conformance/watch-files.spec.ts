import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { FileWatcher, filesOf } from '../../../bin/conformance/watch-files.js';
import { addCleanup } from '../../support/cleanup.js';
import { folder } from '../../support/modules.js';
import { eventually } from '../../support/waiting.js';

describe('filesOf()', () => {
  it('returns the program and the arguments that are files', async () => {
    const dir = await folder({ run: '', 'server.js': '' });
    const [program, script] = [join(dir, 'run'), join(dir, 'server.js')];
    expect(filesOf(['run', '-x', script], `/nowhere:${dir}`)).to.deep.equal([program, script]);
    expect(filesOf([join(dir, 'missing')])).to.deep.equal([join(dir, 'missing')]);
  });
});

describe('FileWatcher', () => {
  it('notices a file that is replaced, or removed and built again', async () => {
    const dir = await folder({ file: 'one' });
    const file = join(dir, 'file');
    let changes = 0;
    const watcher = new FileWatcher([file], () => changes++);
    addCleanup(() => watcher.close());
    mkdirSync(join(dir, 'other'));
    writeFileSync(join(dir, 'new'), 'two');
    renameSync(join(dir, 'new'), file);
    await eventually('the first change', () => changes === 1);
    rmSync(file);
    writeFileSync(file, 'three');
    await eventually('the second change', () => changes === 2);
  });
});
