import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { openReportFile } from '../../../bin/conformance/report-file.js';
import { CommandError } from '../../../bin/console.js';
import { folder } from '../../support/modules.js';

/** Calls the work; returns the error that it throws for the user. */
function errorOf(work: () => unknown): CommandError {
  try {
    work();
  } catch (error) {
    expect(error).to.be.instanceOf(CommandError);
    return error as CommandError;
  }
  throw new Error('nothing was thrown');
}

describe('openReportFile()', () => {
  it('replaces the content of a file only when the report is saved', async () => {
    const path = join(await folder({ report: 'an older and longer report' }), 'report');
    const file = openReportFile(path, []);
    file.append('new ');
    file.append('report');
    expect(readFileSync(path, 'utf8')).to.equal('an older and longer report');
    file.save();
    file.close();
    expect(readFileSync(path, 'utf8')).to.equal('new report');
  });

  it('removes a new file that was not saved, and keeps an old one', async () => {
    const dir = await folder({ old: 'old' });
    for (const name of ['old', 'new']) openReportFile(join(dir, name), []).close();
    expect(readFileSync(join(dir, 'old'), 'utf8')).to.equal('old');
    expect(existsSync(join(dir, 'new'))).to.equal(false);
  });

  it('rejects a folder, and a path in a folder that does not exist', async () => {
    const dir = await folder({});
    expect(errorOf(() => openReportFile(dir, []))).to.include({ exitCode: 2 });
    const { message } = errorOf(() => openReportFile(join(dir, 'none/report'), []));
    expect(message).to.match(/^cannot write the report to .*none\/report: ENOENT/);
  });

  it('rejects a FIFO without a reader in place of waiting for one', async function () {
    if (process.platform !== 'linux') this.skip();
    const path = join(await folder({}), 'fifo');
    execFileSync('mkfifo', [path]);
    expect(errorOf(() => openReportFile(path, [])).message).to.contain('ENXIO');
  });

  it('rejects a file that is used for something else, also through a link', async () => {
    const dir = await folder({ 'mini_serv.c': 'int main;' });
    const source = join(dir, 'mini_serv.c');
    mkdirSync(join(dir, 'sub'));
    symlinkSync(source, join(dir, 'sub/link'));
    for (const path of [source, join(dir, 'sub/../mini_serv.c'), join(dir, 'sub/link')]) {
      expect(errorOf(() => openReportFile(path, ['nowhere', source])).message).to.contain(
        'is used for something else',
      );
    }
    expect(readFileSync(source, 'utf8')).to.equal('int main;');
  });

  it('fails when the disk is full', function () {
    if (!existsSync('/dev/full')) this.skip();
    const file = openReportFile('/dev/full', []);
    file.append('report');
    expect(errorOf(() => file.save()).message).to.contain('ENOSPC');
    file.close();
    expect(existsSync('/dev/full')).to.equal(true);
  });

  it('writes to a device', () => {
    const file = openReportFile('/dev/null', ['/dev/null']);
    file.append('report');
    file.save();
    file.close();
  });
});
