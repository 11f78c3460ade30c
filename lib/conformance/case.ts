import type { Paragraph } from './paragraphs.js';
import type { Room } from './room.js';
import type { Source } from './source.js';

/** What the text says; what graders and good practice check; what a relay for every day should stand. */
export const RANKS = ['subject', 'exam', 'beyond'] as const;
export type Rank = (typeof RANKS)[number];

/** What is to hold, and how it is found out. */
export interface Case {
  readonly name: string;
  readonly rank: Rank;
  /** What holds, if it holds. */
  readonly title: string;
  readonly paragraph: Paragraph;
  /** What usually is the cause, if it does not. */
  readonly hint: string;
  /** Of the source, before anything is run. */
  readonly source?: (source: Source) => Promise<void> | void;
  readonly run?: (room: Room) => Promise<void>;
}
