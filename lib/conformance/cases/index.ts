import { type Case, RANKS } from '../case.js';
import { ARGUMENTS } from './arguments.js';
import { ARRIVALS } from './arrivals.js';
import { BACKLOG } from './backlog.js';
import { BYTES } from './bytes.js';
import { CROWDS } from './crowd.js';
import { EVERYDAY } from './everyday.js';
import { LAZY } from './lazy.js';
import { LEAVES } from './leaves.js';
import { LIMITS } from './limits.js';
import { LINES } from './lines.js';
import { PIECES } from './pieces.js';
import { SOURCES } from './source.js';

const ALL = [
  ...SOURCES,
  ...ARGUMENTS,
  ...ARRIVALS,
  ...LINES,
  ...PIECES,
  ...BYTES,
  ...LEAVES,
  ...LAZY,
  ...LIMITS,
  ...CROWDS,
  ...BACKLOG,
  ...EVERYDAY,
];

/** All cases in the order of the report: rank by rank, and in each rank at the end those that run alone. */
export const CASES: readonly Case[] = RANKS.flatMap((rank) => {
  const ofRank = ALL.filter((one) => one.rank === rank);
  return [...ofRank.filter(({ alone }) => !alone), ...ofRank.filter(({ alone }) => alone)];
});
