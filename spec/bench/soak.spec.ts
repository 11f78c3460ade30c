import { expect } from 'chai';
import { chart, ticks } from '../../bench/soak/chart.js';
import { Checker, LINE_BYTES, makeLines } from '../../bench/soak/lines.js';
import { toCsv, verdicts } from '../../bench/soak/results.js';
import { judge, type Point, settled, slopeOf, type Verdict } from '../../bench/soak/slope.js';
import { random } from '../support/random.js';

/** Forty minutes with a sample every ten seconds, the time in hours. */
const series = (value: (minute: number, random: () => number) => number): Point[] => {
  const next = random(5);
  return Array.from({ length: 240 }, (_, i): Point => [i / 360, value(i / 6, next)]);
};
const verdict = (points: readonly Point[], bound: number): Verdict => judge(slopeOf(points), bound);

describe('slope of a soak', () => {
  const cases: [string, Verdict, (minute: number, random: () => number) => number][] = [
    ['a constant series', 'flat', () => 100],
    ['a constant series with noise', 'flat', (_, next) => 100 + 10 * next()],
    ['a constant series with outliers', 'flat', (_, next) => (next() < 0.1 ? 1000 : 100 + next())],
    ['a falling series', 'flat', (minute) => 200 - minute],
    ['a sawtooth', 'flat', (minute) => 100 + 50 * ((minute / 2) % 1)],
    ['a leak', 'grows', (minute) => 100 + minute],
    ['a leak with noise', 'grows', (minute, next) => 100 + minute + 20 * next()],
    ['a sawtooth with a leak', 'grows', (minute) => 100 + minute + 50 * ((minute / 2) % 1)],
    ['growth below the bound', 'flat', (minute) => 100 + minute / 10],
    ['noise that hides the slope', 'unclear', (_, next) => 2000 * next()],
  ];
  for (const [name, expected, value] of cases) {
    it(`judges ${name} as ${expected}`, () => {
      expect(verdict(series(value), 24)).to.equal(expected);
    });
  }

  it('equals the slope of a straight line', () => {
    const { median, lower, upper } = slopeOf(series((minute) => 7 + 3 * minute));
    for (const slope of [median, lower, upper]) expect(slope).to.be.closeTo(180, 1e-6);
  });

  it('ignores growth in the first third', () => {
    const points = series((minute) => 100 + Math.min(minute, 13) * 20);
    expect(verdict(points, 24)).not.to.equal('flat');
    expect(settled(points)).to.have.length(160);
    expect(verdict(settled(points), 24)).to.equal('flat');
  });

  it('throws for fewer than 8 points', () => {
    expect(() => slopeOf(series(() => 1).slice(0, 7))).to.throw(
      RangeError,
      'expected at least 8 points, got 7',
    );
  });
});

describe('results of a soak', () => {
  const sample = { diskBytes: 0, descriptors: 23, sentBytes: 0, lagBytes: 0, p99Ms: 2, ownDelayMs: 1 };
  const residentBytes = 80 * 2 ** 20;
  const run = (resuming: (seconds: number) => number) =>
    Array.from({ length: 120 }, (_, i) => 10 * (i + 1)).flatMap((seconds) => [
      {
        ...sample,
        residentBytes,
        seconds,
        room: 'stopped',
        diskBytes: seconds * 1e6,
        lagBytes: seconds * 1e6,
      },
      { ...sample, residentBytes: resuming(seconds), seconds, room: 'resuming' },
      { ...sample, residentBytes, seconds, room: 'churn' },
    ]);

  it('fail for the one quantity of the one room that grows', () => {
    expect(verdicts(run(() => residentBytes)).every(({ passed }) => passed)).to.equal(true);
    const failed = verdicts(run((seconds) => residentBytes + seconds * 20_000)).filter(
      ({ passed }) => !passed,
    );
    expect(failed).to.have.length(1);
    expect(failed[0]?.text).to.match(/^resuming, resident memory: grows \(68\.7 MiB\/h, .*at most 24\)$/);
  });

  it('fail when the disk holds much more than the lag', () => {
    const twice = run(() => residentBytes).map((each) => ({ ...each, diskBytes: each.diskBytes * 2 }));
    expect(verdicts(twice).filter(({ passed }) => !passed)).to.have.length(1);
  });

  it('are written as CSV in bytes and milliseconds', () => {
    const [head, first, ...rest] = toCsv(run(() => 5)).split('\n');
    expect(head).to.equal(
      'seconds,room,residentBytes,diskBytes,descriptors,sentBytes,lagBytes,p99Ms,ownDelayMs',
    );
    expect(first).to.equal('10,stopped,83886080,10000000,23,0,10000000,2.000,1.000');
    expect(rest).to.have.length(360);
  });
});

describe('chart of a soak', () => {
  it('shows each quantity with its unit, the time axis and one line per series', () => {
    const points: Point[] = [
      [0, 1],
      [10, 5],
    ];
    const lines = [
      { name: 'a < b', points },
      { name: 'c', points },
    ];
    const svg = chart('head', 'below', [
      { title: 'memory', unit: 'MiB', series: lines },
      { title: 'delay', unit: 'ms', series: lines },
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

describe('Checker of a soak', () => {
  const wire = (bytes: Buffer): Buffer => {
    const lines = Array.from({ length: bytes.length / LINE_BYTES }, (_, i) =>
      bytes.subarray(i * LINE_BYTES, (i + 1) * LINE_BYTES),
    );
    return Buffer.concat(lines.flatMap((line) => [Buffer.from('client 1: '), line]));
  };
  const received = (first: number, count: number): Buffer =>
    wire(makeLines(first, count, (line) => 1000 + line));

  it('accepts lines in chunks of any size and passes on their due times and all other lines', () => {
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
      received(0, 20),
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
    ['a line is missing', Buffer.concat([received(0, 1), received(2, 1)])],
    ['a line is duplicated', Buffer.concat([received(0, 1), received(0, 1)])],
    ['a byte is altered', Buffer.from(received(0, 1).toString().replace('z', 'Z'))],
    [
      'a line is too short',
      Buffer.concat([Buffer.from(received(0, 1).toString().replace('y', '')), received(1, 1)]),
    ],
  ];
  for (const [condition, bytes] of wrong) {
    it(`throws when ${condition}`, () => {
      expect(() => new Checker(1, () => {}).push(bytes)).to.throw(/^expected line \d, got "/);
    });
  }
});
