import { invariant } from '../util/invariant.js';
import type { Content, Segment } from './segment.js';
import { NO_OWNER } from './segment-index.js';

/** A piece of the log for one reader. */
export interface Block {
  readonly segments: readonly Segment[];
  /** Shared with the log: valid until the block is released. */
  readonly bytes: readonly Buffer[];
  /** The reader's cursor after the block is delivered. */
  readonly next: number;
}

/** A part of a segment. `from` and `to` are offsets in it. */
interface Part {
  readonly segment: Segment;
  readonly content: Content;
  readonly from: number;
  readonly to: number;
}

/** A block with the bytes of all owners, and the range it was assembled for. */
export interface FullBlock extends Block {
  readonly parts: readonly Part[];
  readonly owners: ReadonlySet<number>;
  readonly cursor: number;
  readonly limit: number;
  readonly maxBytes: number;
}

/**
 * Assembles a block from segments in memory. It ends before the first segment that is on disk only.
 *
 * @param cursor the position in the log at which the block starts
 * @param limit the position at which it ends at the latest
 * @param maxBytes its maximum length
 * @param segmentAt returns the segment that holds a position
 * @returns null if the segment at `cursor` is on disk only
 */
export function assembleBlock(
  cursor: number,
  limit: number,
  maxBytes: number,
  segmentBytes: number,
  segmentAt: (position: number) => Segment,
): FullBlock | null {
  const parts: Part[] = [];
  let next = cursor;
  while (next < limit && next - cursor < maxBytes) {
    const segment = segmentAt(next);
    const { content } = segment;
    if (content === null) break;
    const base = segment.index * segmentBytes;
    const to = Math.min(limit - base, segment.length, next - base + maxBytes);
    parts.push({ segment, content, from: next - base, to });
    next = base + to;
  }
  if (parts.length === 0) return null;
  invariant(next > cursor && next <= limit, 'a block is outside of the range that its reader asked for');
  const segments = parts.map(({ segment }) => segment);
  const bytes = parts.map(({ segment, from, to }) => segment.slice(from, to));
  const owners = new Set<number>();
  for (const { segment, from, to } of parts) segment.collectOwners(from, to, owners);
  return { parts, owners, segments, bytes, next, cursor, limit, maxBytes };
}

/** Returns a block without the bytes of `owner`; the same object if it contains none. */
export function withoutOwner(block: FullBlock, owner: number): Block {
  const { parts, owners, segments, next } = block;
  if (!owners.has(owner) || owner === NO_OWNER) return block;
  const bytes: Buffer[] = [];
  for (const { segment, from, to } of parts) bytes.push(...segment.slicesWithout(owner, from, to));
  return { segments, bytes, next };
}

/** Whether a block was assembled for the same range, and all its bytes are in the same memory as then. */
export function isReusable(block: FullBlock, cursor: number, limit: number, maxBytes: number): boolean {
  if (block.cursor !== cursor || block.limit !== limit || block.maxBytes !== maxBytes) return false;
  for (const { segment, content } of block.parts) if (segment.content !== content) return false;
  return true;
}
