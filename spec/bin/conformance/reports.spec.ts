import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { conformance, MINI_SERV, script } from '../../support/conformance.js';
import { folder } from '../../support/modules.js';

/** A program that always prints the same error and exits with 1. */
const PROGRAM = script("process.stderr.write('Wrong number of arguments\\n'); process.exit(1);");
const PASSED = ['--only', 'no-argument'];

describe('mini-serv conformance --reporter', () => {
  it('writes all formats in one run, and the report for people to standard output', async () => {
    const dir = await folder({ summary: 'of an earlier step\n' });
    const beginnings = {
      json: '{\n  "command"',
      tap: 'TAP version 14\n1..1\nok 1 - no-argument: ',
      junit: '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ',
      markdown: '## ✅ ',
      html: '<!DOCTYPE html>\n',
      github: '',
    };
    const formats = Object.keys(beginnings) as (keyof typeof beginnings)[];
    const options = formats.flatMap((format) => ['--reporter', format, '--output', join(dir, format)]);
    const env = { GITHUB_STEP_SUMMARY: join(dir, 'summary'), GITHUB_WORKSPACE: dir };
    const { code, stdout, stderr } = await conformance([...PASSED, ...options, ...PROGRAM], env);
    expect(stderr).to.match(/^\[1\/1\] ✓ .*\n$/);
    expect(code).to.equal(0);
    expect(stdout).to.match(/^Cases: ✓\nPassed 1 chosen case/);
    for (const format of formats) {
      const report = readFileSync(join(dir, format), 'utf8');
      expect(report.slice(0, beginnings[format].length), format).to.equal(beginnings[format]);
    }
    const summary = readFileSync(join(dir, 'summary'), 'utf8');
    expect(summary).to.equal(`of an earlier step\n${readFileSync(join(dir, 'markdown'), 'utf8')}`);
  });

  it('prints one format to standard output in place of the report for people', async () => {
    const env = { GITHUB_STEP_SUMMARY: '', GITHUB_WORKSPACE: '' };
    const { code, stdout } = await conformance(
      [...PASSED, '--reporter', 'github', '--output', '-', ...PROGRAM],
      env,
    );
    expect(code).to.equal(0);
    expect(stdout).to.match(/^## ✅ /);
  });

  it('exits with 2 when the summary for GitHub cannot be written', async () => {
    const dir = await folder({});
    const file = join(dir, 'tap');
    const options = [...PASSED, '--reporter', 'github', '--reporter', 'tap', '--output', file, ...PROGRAM];
    const { code, stderr } = await conformance(options, { GITHUB_STEP_SUMMARY: dir });
    expect(code).to.equal(2);
    expect(stderr).to.match(/^cannot write the report to .*: EISDIR/m);
    expect(readFileSync(file, 'utf8')).to.contain('\nok 1 - no-argument');
  });
});

describe('mini-serv conformance --output', () => {
  it('does not overwrite the file that is tested', async () => {
    const dir = await folder({});
    const program = join(dir, 'mini_serv');
    appendFileSync(program, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const { code, stderr } = await conformance(['--reporter', 'tap', '--output', program, program]);
    expect(code).to.equal(2);
    expect(stderr).to.match(/^--output: .*mini_serv is used for something else/);
    expect(readFileSync(program, 'utf8')).to.equal('#!/bin/sh\nexit 1\n');
  });

  it('does not write to the file that a shell has redirected standard output to', async () => {
    const file = join(await folder({}), 'log');
    const options = [...PASSED, '--reporter', 'tap', '--output', file, ...PROGRAM];
    const { status, stderr } = spawnSync(process.execPath, [MINI_SERV, 'conformance', ...options], {
      stdio: ['ignore', openSync(file, 'w'), 'pipe'],
      encoding: 'utf8',
    });
    expect(status).to.equal(2);
    expect(stderr).to.match(/^--output: .*log is used for something else/);
  });

  it('leaves no empty file behind when another one cannot be opened', async () => {
    const dir = await folder({});
    const options = [
      '--reporter',
      'tap',
      '--output',
      join(dir, 'tap'),
      '--reporter',
      'json',
      '--output',
      dir,
    ];
    const { code, stdout, stderr } = await conformance([...PASSED, ...options, ...PROGRAM]);
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr).to.match(/^cannot write the report to .*: EISDIR/m);
    expect(existsSync(join(dir, 'tap'))).to.equal(false);
  });

  it('exits with 2 when the disk is full, and the other reports are complete', async function () {
    if (!existsSync('/dev/full')) this.skip();
    const file = join(await folder({}), 'tap');
    const options = ['--reporter', 'json', '--output', '/dev/full', '--reporter', 'tap', '--output', file];
    const { code, stderr } = await conformance([...PASSED, ...options, ...PROGRAM]);
    expect(code).to.equal(2);
    expect(stderr).to.match(/^cannot write the report to \/dev\/full: ENOSPC/m);
    expect(readFileSync(file, 'utf8')).to.contain('\nok 1 - no-argument');
  });
});
