import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { createFormatter } from '../../lib/protocol/formats.js';
import { verifyAudit } from '../../lib/transcript/verify.js';
import { runCommand, serverCommand, shell } from '../support/command.js';
import { folder } from '../support/modules.js';
import { arrivedNotice, leftNotice, relayed, relayedBytes } from '../support/wire.js';

const BEGAN = Date.UTC(2026, 0, 31, 12);

/** An audit of ten lines between an arrival and a leaving, closed. */
function audit(): string[] {
  const formatter = createFormatter('json');
  const lines = Array.from({ length: 10 }, (_, i) => `line ${i}`);
  const bytes = Buffer.concat([
    Buffer.from(arrivedNotice(0) + relayed(0, ...lines)),
    relayedBytes(0, Buffer.from([0xff])),
    Buffer.from(leftNotice(0)),
  ]);
  const records = [...formatter.format([bytes], [{ at: 0, time: BEGAN }])].flat().join('');
  return (records + formatter.formatNote({ event: 'closed' }, BEGAN)).trimEnd().split('\n');
}

async function verify(text: string | Buffer, size = 7) {
  const bytes = Buffer.from(text as string);
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
  const reported: string[] = [];
  const verdict = await verifyAudit(Readable.from(chunks), (line) => reported.push(line));
  return { ...verdict, reported };
}

const join = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
const change = (lines: string[], index: number, from: string, to: string): string =>
  join(lines.with(index, (lines[index] as string).replace(from, to)));

describe('verifyAudit()', () => {
  it('finds no fault in a complete audit', async () => {
    expect(await verify(join(audit()))).to.deep.equal({
      isComplete: true,
      summary: 'complete: 14 records from 2026-01-31T12:00:00.000Z to 2026-01-31T12:00:00.000Z, closed',
      reported: [],
    });
  });

  const faults: Record<string, [(lines: string[]) => string | Buffer, RegExp]> = {
    'a missing record': [
      (lines) => join(lines.toSpliced(4, 1)),
      /^line 5: 1 record missing before this one \(expected seq 4, got 5\)/,
    ],
    'several missing records': [
      (lines) => join(lines.toSpliced(4, 3)),
      /^line 5: 3 records missing before this one/,
    ],
    'a missing start': [(lines) => join(lines.slice(2)), /^line 1: 2 records missing before this one/],
    'an end that is cut off': [
      (lines) => join(lines).slice(0, -9),
      /^line 14: incomplete: the audit ends after 53 bytes of this record/,
    ],
    'a missing newline at the end': [(lines) => join(lines).slice(0, -1), /^line 14: incomplete/],
    'a repeated record': [
      (lines) => join(lines.toSpliced(4, 0, lines[4] as string)),
      /^line 6: out of order or repeated \(expected seq 5, got 4\)/,
    ],
    'two records that changed places': [
      (lines) => join(lines.toSpliced(4, 2, lines[5] as string, lines[4] as string)),
      /^line 6: out of order/m,
    ],
    'records after the end': [
      (lines) => join([...lines, ...lines]),
      /^line 15: follows the record that closes the audit/m,
    ],
    'a line that is not JSON': [
      (lines) => join(lines.with(4, 'hello')),
      /^line 5: invalid record: not JSON$/m,
    ],
    'JSON that is not an object': [
      (lines) => join(lines.with(4, 'null')),
      /^line 5: invalid record: expected "seq" to be a non-negative integer, got nothing/,
    ],
    'zeros, as a power cut leaves them': [
      (lines) => join(lines.with(4, '\0'.repeat(100))),
      /^line 5: invalid record: not JSON/m,
    ],
    'bytes that are not valid UTF-8': [
      (lines) => Buffer.from(join(lines).replace('line 3', 'li\xffne'), 'latin1'),
      /^line 5: invalid record: not valid UTF-8/m,
    ],
    'an unknown event': [
      (lines) => change(lines, 4, '"line"', '"toString"'),
      /invalid record: unknown event "toString"/,
    ],
    'an invalid client': [
      (lines) => change(lines, 4, '"client":0', '"client":-1'),
      /expected "client" to be a non-negative integer, got -1/,
    ],
    'an invalid text': [
      (lines) => change(lines, 4, '"line 3"', '3'),
      /expected "text" to be a string, got 3/,
    ],
    'an unknown field': [
      (lines) => change(lines, 4, '"client"', '"who":1,"client"'),
      /event "line" has no field "who"/,
    ],
    'a field of another event': [
      (lines) => change(lines, 0, '"client"', '"text":"x","client"'),
      /event "arrived" has no field "text"/,
    ],
    'an invalid time': [
      (lines) => change(lines, 4, '2026-01', '2026-13'),
      /expected "time" to be a UTC time such as "[^"]+", got "2026-13-31T12:00:00.000Z"/,
    ],
    'a text that differs from its base64': [
      (lines) => change(lines, 11, '\ufffd', 'x'),
      /"text" and "base64" are different/,
    ],
    'an invalid base64': [(lines) => change(lines, 11, '"base64":"', '"base64":1,"'), /not JSON/],
    'a base64 that is not a string': [
      (lines) => change(lines, 11, '"base64":"/w=="', '"base64":1'),
      /"text" and "base64" are different/,
    ],
    'a gap that the relay recorded': [
      (lines) => join(lines) + createGap(14),
      /^line 15: 77 bytes of messages are missing, sent from 2026-01-31T12:00:00.000Z to 2026-01-31T12:00:01.000Z/m,
    ],
    'a line that was cut off by an earlier crash': [
      (lines) => join(lines.slice(0, -1)) + createTruncated(13),
      /^line 14: the line before this one was truncated after 5 bytes/,
    ],
  };

  function createGap(seq: number): string {
    const formatter = createFormatter('json');
    formatter.seq = seq;
    return formatter.formatNote({ event: 'gap', bytes: 77, from: BEGAN, to: BEGAN + 1000 }, BEGAN);
  }

  function createTruncated(seq: number): string {
    const formatter = createFormatter('json');
    formatter.seq = seq;
    return formatter.formatNote({ event: 'truncated', bytes: 5 }, BEGAN);
  }

  for (const [what, [spoil, expected]] of Object.entries(faults)) {
    it(`reports ${what}`, async () => {
      for (const size of [7, 100_000]) {
        const { isComplete, summary, reported } = await verify(spoil(audit()), size);
        expect(reported.join('\n')).to.match(expected);
        expect(summary).to.match(/^incomplete: \d faults? in [12]?\d+ records/);
        expect(isComplete).to.equal(false);
      }
    });
  }

  it('remarks that an audit was resumed, and whether it was closed before', async () => {
    const formatter = createFormatter('json');
    formatter.seq = 14;
    const resumed = formatter.formatNote({ event: 'resumed' }, BEGAN);
    const afterClose = await verify(join(audit()) + resumed);
    expect(afterClose.reported).to.deep.equal(['line 15: resumed at 2026-01-31T12:00:00.000Z']);
    expect(afterClose.isComplete).to.equal(true);
    expect(afterClose.summary).to.contain('not closed: still being written, or its end may be missing');
    const killed = audit().slice(0, -1);
    const afterKill = await verify(join(killed) + resumed.replace('"seq":14', '"seq":13'));
    expect(afterKill.reported.join()).to.contain('it was not closed before that, so messages may be missing');
    expect(afterKill.isComplete).to.equal(true);
  });

  it('remarks that the clock was set back, without calling it a fault', async () => {
    const { isComplete, reported } = await verify(change(audit(), 4, '12:00', '11:00'));
    expect(reported).to.have.length(1);
    expect(reported[0]).to.match(/^line 5: the clock was set back/);
    expect(isComplete).to.equal(true);
  });

  it('reports at most 20 faults one by one', async () => {
    const { summary, reported } = await verify('x\n'.repeat(1000));
    expect(reported).to.have.length(21);
    expect(reported.at(-1)).to.equal('and 980 more faults');
    expect(summary).to.equal('incomplete: no valid records');
  });

  it('calls an audit without records empty', async () => {
    expect(await verify('')).to.deep.equal({ isComplete: true, summary: 'empty: no records', reported: [] });
  });

  it('checks start and end of a line of 300 MiB, and holds no more than 200 MiB', async () => {
    const [first = '', second = '', third = ''] = audit();
    const long = Buffer.alloc(1024 * 1024, 'x');
    async function* chunks(last: string) {
      yield Buffer.from(`${first}\n${second.slice(0, -2)}`);
      for (let i = 0; i < 300; i++) yield long;
      yield Buffer.from(`${last}\n${third}\n`);
    }
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const watched = Readable.from(chunks('"}')).on('data', () => {
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    });
    const { isComplete, summary } = await verifyAudit(watched);
    expect(summary).to.match(/^complete: 3 records/);
    expect(isComplete).to.equal(true);
    expect(peak).to.be.below(200 * 1024 * 1024);
    expect(await verifyAudit(chunks('"'))).to.include({ isComplete: false });
  });
});

describe('mini-serv verify', () => {
  it('prints what it finds, and exits with 0 for a complete audit and with 1 for an incomplete one', async () => {
    const lines = audit();
    const cwd = await folder({ 'whole.json': join(lines), 'cut.json': join(lines).slice(0, -3) });
    const whole = await runCommand(['verify', path.join(cwd, 'whole.json')]);
    expect(whole).to.include({ code: 0, stderr: '' });
    expect(whole.stdout).to.match(/^[^\n]*whole\.json: complete: 14 records [^\n]*\n$/);
    const cut = await runCommand(['verify', path.join(cwd, 'cut.json')]);
    expect(cut).to.include({ code: 1, stderr: '' });
    expect(cut.stdout).to.match(
      /cut\.json: line 14: incomplete[^\n]*\n[^\n]*cut\.json: incomplete: 1 fault in 13 records/,
    );
  });

  it('reads standard input if the path is -', async () => {
    const cwd = await folder({ 'audit.json': join(audit()) });
    const command = [...shell('exec "$@" < "$0/audit.json"').slice(0, 3), cwd, ...serverCommand()];
    const { code, stdout } = await runCommand(['verify', '-'], command);
    expect(stdout).to.match(/^standard input: complete/);
    expect(code).to.equal(0);
  });

  it('exits with 2 and prints the reason if the file cannot be read', async () => {
    const { code, stderr, stdout } = await runCommand(['verify', '/nowhere/audit.json']);
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr).to.match(/^mini-serv: cannot verify \/nowhere\/audit\.json: no such file[^\n]*\n$/);
  });

  it('refuses any number of files but one, and options', async () => {
    const wrong = [['verify'], ['verify', 'a', 'b']];
    const results = await Promise.all(wrong.map((args) => runCommand(args)));
    for (const { code, stderr } of results) {
      expect(code).to.equal(1);
      expect(stderr).to.match(/^Wrong number of arguments/);
    }
    const { code, stderr } = await runCommand(['verify', 'a', '--audit', 'b']);
    expect(code).to.equal(1);
    expect(stderr).to.contain('--audit');
  });

  it('is a subcommand only as the first word', async () => {
    const { code, stderr } = await runCommand(['4242', 'verify']);
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: 'Wrong number of arguments\n' });
  });

  it('verifies an audit of 16 MB in a heap of 16 MB', async () => {
    const formatter = createFormatter('json');
    const block = Buffer.from(relayed(0, 'x'.repeat(500)).repeat(60));
    const pieces = Array.from({ length: 450 }, () => [
      ...formatter.format([block], [{ at: 0, time: BEGAN }]),
    ]);
    const file = path.join(await folder({}), 'audit.json');
    await writeFile(file, Buffer.concat(pieces.flat(2)));
    const command = shell('NODE_OPTIONS=--max-old-space-size=16 exec "$@"');
    const { code, stdout } = await runCommand(['verify', file], command);
    expect(stdout).to.contain('complete: 27000 records');
    expect(code).to.equal(0);
  });
});
