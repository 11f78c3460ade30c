import { expect } from 'chai';
import { chart, ticks } from '../../bench/soak/chart.js';
import { Checker, LINE, makeLines } from '../../bench/soak/lines.js';
import { toCsv, verdicts } from '../../bench/soak/results.js';
import { judge, type Point, settled, slopeOf, type Verdict } from '../../bench/soak/slope.js';
import { random } from '../support/random.js';

/** Forty minutes, a sample every ten seconds: time in hours. */
const made = (value: (minute: number, random: () => number) => number): Point[] => {
  const next = random(5);
  return Array.from({ length: 240 }, (_, i): Point => [i / 360, value(i / 6, next)]);
};
const verdict = (points: readonly Point[], bound: number): Verdict => judge(slopeOf(points), bound);

describe('soak: a series', () => {
  const series: [string, Verdict, (minute: number, random: () => number) => number][] = [
    ['that is flat', 'flat', () => 100],
    ['that is flat, with noise', 'flat', (_, next) => 100 + 10 * next()],
    ['that is flat, with some points far off', 'flat', (_, next) => (next() < 0.1 ? 1000 : 100 + next())],
    ['that falls', 'flat', (minute) => 200 - minute],
    ['that goes up and down', 'flat', (minute) => 100 + 50 * ((minute / 2) % 1)],
    ['that leaks', 'grows', (minute) => 100 + minute],
    ['that leaks, with noise', 'grows', (minute, next) => 100 + minute + 20 * next()],
    ['that goes up and down, and leaks', 'grows', (minute) => 100 + minute + 50 * ((minute / 2) % 1)],
    ['that leaks less than it may', 'flat', (minute) => 100 + minute / 10],
    ['of noise that nothing can be told from', 'unclear', (_, next) => 2000 * next()],
  ];
  for (const [what, expected, value] of series) {
    it(`${what}: ${expected}`, () => {
      expect(verdict(made(value), 24)).to.equal(expected);
    });
  }

  it('has the slope of most of its points', () => {
    const { median, lower, upper } = slopeOf(made((minute) => 7 + 3 * minute));
    for (const slope of [median, lower, upper]) expect(slope).to.be.closeTo(180, 1e-6);
  });

  it('is judged by its last two thirds: what is taken at first is no leak', () => {
    const points = made((minute) => 100 + Math.min(minute, 13) * 20);
    expect(verdict(points, 24)).not.to.equal('flat');
    expect(settled(points)).to.have.length(160);
    expect(verdict(settled(points), 24)).to.equal('flat');
  });

  it('of few points is none', () => {
    expect(() => slopeOf(made(() => 1).slice(0, 7))).to.throw(RangeError, '8 points');
  });
});

describe('soak: a run', () => {
  const sample = { disk: 0, descriptors: 23, said: 0, lag: 0, p99: 2, own: 1, resident: 80 * 2 ** 20 };
  const run = (resident: (seconds: number) => number) =>
    Array.from({ length: 120 }, (_, i) => 10 * (i + 1)).flatMap((seconds) => [
      { ...sample, seconds, room: 'stopped', disk: seconds * 1e6, lag: seconds * 1e6 },
      { ...sample, seconds, room: 'resuming', resident: resident(seconds) },
      { ...sample, seconds, room: 'churn' },
    ]);

  it('fails for the one quantity of the one room that grows', () => {
    expect(verdicts(run(() => sample.resident)).every(({ passed }) => passed)).to.equal(true);
    const failed = verdicts(run((seconds) => sample.resident + seconds * 20_000)).filter(
      ({ passed }) => !passed,
    );
    expect(failed).to.have.length(1);
    expect(failed[0]?.text).to.match(/^resuming, resident memory: grows \(68\.7 MiB\/h, .*at most 24\)$/);
  });

  it('fails where more is on disk than is lagged', () => {
    const twice = run(() => sample.resident).map((one) => ({ ...one, disk: one.disk * 2 }));
    expect(verdicts(twice).filter(({ passed }) => !passed)).to.have.length(1);
  });

  it('is written down as it was measured', () => {
    const [head, first, ...rest] = toCsv(run(() => 5)).split('\n');
    expect(head).to.equal('seconds,room,resident,disk,descriptors,said,lag,p99,own');
    expect(first).to.equal('10,stopped,83886080,10000000,23,0,10000000,2.000,1.000');
    expect(rest).to.have.length(360);
  });
});

describe('soak: a chart', () => {
  it('has what is measured with its unit, the time, and a line for each series', () => {
    const points: Point[] = [
      [0, 1],
      [10, 5],
    ];
    const series = [
      { name: 'a < b', points },
      { name: 'c', points },
    ];
    const svg = chart('head', 'below', [
      { title: 'memory', unit: 'MiB', series },
      { title: 'delay', unit: 'ms', series },
    ]);
    expect(svg).to.match(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).to.contain('>memory (MiB)<').and.to.contain('>delay (ms)<').and.to.contain('>minutes<');
    expect(svg).to.contain('>a &lt; b<').and.not.to.contain('a < b');
    expect(svg).to.contain('prefers-color-scheme: dark');
    expect(svg.match(/<polyline/g)).to.have.length(4);
    // From the lower left to the upper right of the plot.
    expect(svg).to.match(/points="76\.0,\d+\.\d 844\.0,90\.0"/);
  });

  it('has round numbers on its axes', () => {
    expect(ticks(10, 4)).to.deep.equal([0, 5, 10]);
    expect(ticks(60)).to.deep.equal([0, 10, 20, 30, 40, 50, 60]);
    expect(ticks(0.9, 4)).to.deep.equal([0, 0.5]);
    expect(ticks(143, 4)).to.deep.equal([0, 50, 100]);
  });
});

describe('soak: what is heard', () => {
  const wire = (bytes: Buffer): Buffer => {
    const lines = Array.from({ length: bytes.length / LINE }, (_, i) =>
      bytes.subarray(i * LINE, (i + 1) * LINE),
    );
    return Buffer.concat(lines.flatMap((line) => [Buffer.from('client 1: '), line]));
  };
  const said = (first: number, count: number): Buffer => wire(makeLines(first, count, (line) => 1000 + line));

  it('is taken apart, however it arrives', () => {
    const next = random(9);
    const dues: number[] = [];
    const others: string[] = [];
    const checker = new Checker(
      1,
      (due) => dues.push(due),
      (line) => others.push(line),
    );
    const all = Buffer.concat([
      Buffer.from('server: client 2 just arrived\n'),
      said(0, 20),
      Buffer.from('client 12: x\n'),
    ]);
    for (let start = 0; start < all.length; ) {
      const end = start + 1 + Math.floor(next() * 300);
      checker.push(all.subarray(start, end));
      start = end;
    }
    expect(checker.next).to.equal(20);
    expect(dues).to.deep.equal(Array.from({ length: 20 }, (_, i) => 1000 + i));
    expect(others).to.deep.equal(['server: client 2 just arrived', 'client 12: x']);
  });

  const wrong: [string, Buffer][] = [
    ['a line is missing', Buffer.concat([said(0, 1), said(2, 1)])],
    ['a line comes twice', Buffer.concat([said(0, 1), said(0, 1)])],
    ['a byte is another', Buffer.from(said(0, 1).toString().replace('z', 'Z'))],
    ['a line is shorter', Buffer.concat([Buffer.from(said(0, 1).toString().replace('y', '')), said(1, 1)])],
  ];
  for (const [what, bytes] of wrong) {
    it(`is refused where ${what}`, () => {
      expect(() => new Checker(1, () => {}).push(bytes)).to.throw(/^line \d was to come, and this came: /);
    });
  }
});
