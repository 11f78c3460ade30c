import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { createFormatter } from '../../lib/protocol/formats.js';
import { verifyAudit } from '../../lib/transcript/verify.js';
import { runCommand, serverCommand, shell } from '../support/command.js';
import { folder } from '../support/modules.js';
import { arrived, left, said, saidBytes } from '../support/wire.js';

const BEGAN = Date.UTC(2026, 0, 31, 12);

/** An audit of ten lines between an arrival and a leaving, closed. */
function audit(): string[] {
  const formatter = createFormatter('json');
  const lines = Array.from({ length: 10 }, (_, i) => `line ${i}`);
  const bytes = Buffer.concat([
    Buffer.from(arrived(0) + said(0, ...lines)),
    saidBytes(0, Buffer.from([0xff])),
    Buffer.from(left(0)),
  ]);
  const records = [...formatter.format([bytes], [{ at: 0, time: BEGAN }])].flat().join('');
  return (records + formatter.formatNote({ event: 'closed' }, BEGAN)).trimEnd().split('\n');
}

async function verify(text: string | Buffer, size = 7) {
  const bytes = Buffer.from(text as string);
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
  const told: string[] = [];
  const { whole, verdict } = await verifyAudit(Readable.from(chunks), (line) => told.push(line));
  return { whole, verdict, told };
}

const rows = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

describe('verify', () => {
  it('finds a whole audit whole', async () => {
    expect(await verify(rows(audit()))).to.deep.equal({
      whole: true,
      verdict: 'whole: 14 records, from 2026-01-31T12:00:00.000Z to 2026-01-31T12:00:00.000Z, closed',
      told: [],
    });
  });

  const faults: Record<string, [(lines: string[]) => string, RegExp]> = {
    'a record that is missing': [
      (lines) => rows(lines.toSpliced(4, 1)),
      /^line 5: 1 record missing before it/,
    ],
    'records that are missing': [
      (lines) => rows(lines.toSpliced(4, 3)),
      /^line 5: 3 records missing before it/,
    ],
    'a beginning that is missing': [(lines) => rows(lines.slice(2)), /^line 1: 2 records missing before it/],
    'an end that is cut off': [(lines) => rows(lines).slice(0, -9), /^line 14: it is cut off after 53 bytes/],
    'a newline that is missing at the end': [(lines) => rows(lines).slice(0, -1), /^line 14: it is cut off/],
    'a record twice': [
      (lines) => rows(lines.toSpliced(4, 0, lines[4] as string)),
      /^line 6: out of its order, or doubled/,
    ],
    'two records that changed places': [
      (lines) => rows(lines.toSpliced(4, 2, lines[5] as string, lines[4] as string)),
      /^line 6: out of its order/m,
    ],
    'another audit behind it': [
      (lines) => rows([...lines, ...lines]),
      /^line 15: it stands behind the record that/m,
    ],
    'what is no record': [(lines) => rows(lines.with(4, 'hello')), /^line 5: it is no record$/m],
    'zeros, as a power cut leaves them': [
      (lines) => rows(lines.with(4, '\0'.repeat(100))),
      /^line 5: it is no record/m,
    ],
    'bytes that are no text': [
      (lines) => Buffer.from(rows(lines).replace('line 3', 'li\xffne'), 'latin1') as unknown as string,
      /^line 5: it is no record: not even text/m,
    ],
    'an event that there is not': [
      (lines) => rows(lines.with(4, (lines[4] as string).replace('"line"', '"toString"'))),
      /no event "toString"/,
    ],
    'a client that is none': [
      (lines) => rows(lines.with(4, (lines[4] as string).replace('"client":0', '"client":-1'))),
      /its client is -1/,
    ],
    'a field too many': [
      (lines) => rows(lines.with(4, (lines[4] as string).replace('"client"', '"who":1,"client"'))),
      /it has a field "who"/,
    ],
    'a time that is none': [
      (lines) => rows(lines.with(4, (lines[4] as string).replace('2026-01', '2026-13'))),
      /it has no time/,
    ],
    'a text that is not its base64': [
      (lines) => rows(lines.with(11, (lines[11] as string).replace('\ufffd', 'x'))),
      /not the same/,
    ],
    'a gap that the relay recorded': [
      (lines) => rows(lines) + createGap(14),
      /^line 15: 77 bytes of what was said are missing, from 2026-01-31T12:00:00.000Z to 2026-01-31T12:00:01.000Z/m,
    ],
  };

  function createGap(seq: number): string {
    const formatter = createFormatter('json');
    formatter.seq = seq;
    return formatter.formatNote({ event: 'gap', bytes: 77, from: BEGAN, to: BEGAN + 1000 }, BEGAN);
  }

  for (const [what, [spoil, expected]] of Object.entries(faults)) {
    it(`tells of ${what}`, async () => {
      for (const size of [7, 100_000]) {
        const { whole, verdict, told } = await verify(spoil(audit()), size);
        expect(told.join('\n')).to.match(expected);
        expect(verdict).to.match(/^not whole: \d faults? in 1?\d+ records/);
        expect(whole).to.equal(false);
      }
    });
  }

  it('says of an audit that goes on after it was closed that it was appended to, and of one that was not closed too', async () => {
    const formatter = createFormatter('json');
    formatter.seq = 14;
    const resumed = formatter.formatNote({ event: 'resumed' }, BEGAN);
    const after = await verify(rows(audit()) + resumed);
    expect(after.told).to.deep.equal(['line 15: appended to since 2026-01-31T12:00:00.000Z']);
    expect(after.whole).to.equal(true);
    expect(after.verdict).to.contain('not closed: it is still written, or its end may be missing');
    const killed = audit().slice(0, -1);
    const again = await verify(rows(killed) + resumed.replace('"seq":14', '"seq":13'));
    expect(again.told.join()).to.contain('it was not closed before, and what was said last may be missing');
    expect(again.whole).to.equal(true);
  });

  it('says when the clock had gone back, which is no fault', async () => {
    const lines = audit();
    const { whole, told } = await verify(rows(lines.with(4, (lines[4] as string).replace('12:00', '11:00'))));
    expect(told).to.have.length(1);
    expect(told[0]).to.match(/^line 5: the clock had gone back/);
    expect(whole).to.equal(true);
  });

  it('tells only so many faults one by one', async () => {
    const { verdict, told } = await verify('x\n'.repeat(1000));
    expect(told).to.have.length(21);
    expect(told.at(-1)).to.equal('and 980 faults more');
    expect(verdict).to.equal('not whole: no records');
  });

  it('says that an empty audit is empty', async () => {
    expect(await verify('')).to.deep.equal({ whole: true, verdict: 'empty: no records', told: [] });
  });

  it('looks at lines that are too long to be parsed, and holds no more than their ends', async () => {
    const [first = '', second = ''] = audit();
    const long = Buffer.alloc(1024 * 1024, 'x');
    async function* chunks() {
      yield Buffer.from(`${first}\n${second.slice(0, -2)}`);
      for (let i = 0; i < 300; i++) yield long;
      yield Buffer.from(`"}\n${audit()[2] as string}\n`);
    }
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const watched = Readable.from(chunks()).on('data', () => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    });
    const { whole, verdict } = await verifyAudit(watched);
    expect(verdict).to.match(/^whole: 3 records/);
    expect(whole).to.equal(true);
    expect(most).to.be.below(200 * 1024 * 1024);
  });
});

describe('command: verify', () => {
  it('says what it finds, and exits with 0 for a whole audit, with 1 for one that is not', async () => {
    const lines = audit();
    const cwd = await folder({ 'whole.json': rows(lines), 'cut.json': rows(lines).slice(0, -3) });
    const whole = await runCommand(['verify', join(cwd, 'whole.json')]);
    expect(whole).to.include({ code: 0, stderr: '' });
    expect(whole.stdout).to.match(/^[^\n]*whole\.json: whole: 14 records, [^\n]*\n$/);
    const cut = await runCommand(['verify', join(cwd, 'cut.json')]);
    expect(cut).to.include({ code: 1, stderr: '' });
    expect(cut.stdout).to.match(
      /cut\.json: line 14: it is cut off[^\n]*\n[^\n]*cut\.json: not whole: 1 fault in 13 records/,
    );
  });

  it('reads standard input for -', async () => {
    const cwd = await folder({ 'audit.json': rows(audit()) });
    const command = [...shell('exec "$@" < "$0/audit.json"').slice(0, 3), cwd, ...serverCommand()];
    const { code, stdout } = await runCommand(['verify', '-'], command);
    expect(stdout).to.match(/^standard input: whole/);
    expect(code).to.equal(0);
  });

  it('exits with 2, and says why, if it cannot read it', async () => {
    const { code, stderr, stdout } = await runCommand(['verify', '/nowhere/audit.json']);
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr).to.match(/^mini-serv: cannot verify \/nowhere\/audit\.json: ENOENT[^\n]*\n$/);
  });

  it('wants one file, and no options', async () => {
    for (const args of [['verify'], ['verify', 'a', 'b']]) {
      const { code, stderr } = await runCommand(args);
      expect(code).to.equal(1);
      expect(stderr).to.match(/^Wrong number of arguments/);
    }
    const { code, stderr } = await runCommand(['verify', 'a', '--audit', 'b']);
    expect(code).to.equal(1);
    expect(stderr).to.contain('--audit');
  });

  it('is a word only in the first place', async () => {
    const { code, stderr } = await runCommand(['4242', 'verify']);
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: 'Wrong number of arguments\n' });
  });

  it('needs little memory for a large one', async () => {
    const cwd = await folder({});
    const formatter = createFormatter('json');
    const block = Buffer.from(said(0, 'x'.repeat(500)).repeat(60));
    const path = join(cwd, 'audit.json');
    const all: Buffer[] = [];
    for (let i = 0; i < 2000; i++)
      for (const piece of formatter.format([block], [{ at: 0, time: BEGAN }])) all.push(...piece);
    await writeFile(path, Buffer.concat(all));
    const command = shell('NODE_OPTIONS=--max-old-space-size=24 exec "$@"');
    const { code, stdout } = await runCommand(['verify', path], command);
    expect(stdout).to.contain('whole: 120000 records');
    expect(code).to.equal(0);
  });
});
