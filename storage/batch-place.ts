/**
 * What a batch's neighbours say about the fields that its checksum does not cover. Pure.
 *
 *   base offset     before it   behind it                     verdict
 *   = next          known       -                             right
 *   other           known       begins at next + size         next
 *   higher          known       nothing, log not compacted    next
 *   other           -           leaves room for it            right: a hole before it
 *   other           -           does not                      behind - size, if that is >= next
 *   other           -           compacted, or does not touch  nobody can tell
 *
 *   "next" is the offset after the batch before it, "size" the offsets the batch itself takes.
 */
import { type LeaderEpoch, NO_EPOCH, type Offset } from './units.ts'

export interface Neighbours {
  /** Exclusive end of what lies before; the segment's base if nothing does. */
  readonly nextOffset: Offset
  /** False behind damage: more may have lain before. */
  readonly isExact: boolean
  /** Base offset of what follows; null where that is not known. */
  readonly follower: Offset | null
  readonly isCompacted: boolean
}

/** The base offset that the neighbours leave possible; null if they leave none for certain. */
export function rightBaseOffset(
  baseOffset: Offset,
  lastOffsetDelta: number,
  { nextOffset, isExact, follower, isCompacted }: Neighbours,
): Offset | null {
  if (isExact && baseOffset === nextOffset) return baseOffset
  if (isExact && follower === nextOffset + lastOffsetDelta + 1) return nextOffset
  const isAbove = Number.isSafeInteger(baseOffset) && baseOffset >= nextOffset
  if (isAbove && (follower === null || baseOffset + lastOffsetDelta < follower)) {
    return isExact && follower === null && !isCompacted ? nextOffset : baseOffset
  }
  if (isCompacted) return null
  if (follower === null) {
    // A lower offset at the end of the file: blocks that held older batches look like that.
    const isOlder = baseOffset >= 0 && baseOffset < nextOffset
    return isExact && !isOlder ? nextOffset : null
  }
  const byFollower = follower - lastOffsetDelta - 1
  return !isExact && byFollower >= nextOffset ? byFollower : null
}

/**
 * The leader epoch that the neighbours leave possible: epochs never fall. -1 stands for a neighbour
 * that is not known or has none. `latest` is the highest epoch the log's own list knows.
 */
export function rightEpoch(
  epoch: LeaderEpoch,
  before: LeaderEpoch,
  follower: LeaderEpoch,
  latest: LeaderEpoch,
): LeaderEpoch {
  if (epoch === before || epoch === NO_EPOCH) return epoch
  const known = before >= 0 ? before : follower >= 0 ? follower : latest
  if (epoch < before || epoch < NO_EPOCH) return known
  if (before >= 0 && follower >= 0) return epoch <= follower ? epoch : before
  const isTooHigh = epoch > latest && (follower < 0 || epoch > follower)
  return isTooHigh && known >= 0 ? known : epoch
}
