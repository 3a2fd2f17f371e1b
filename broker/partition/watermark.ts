/** How far one in-sync replica got, as the leader knows it. */
export interface ReplicaProgress {
  /** Exclusive end of what the replica holds durably. */
  readonly durableOffset: number
}

/**
 * The high watermark: records below it are on every in-sync replica. `own` is the leader's durable
 * end; never falls below `current`. A single node is an ISR of one: its own durable end.
 */
export function highWatermark(
  current: number,
  own: number,
  followers: Iterable<ReplicaProgress>,
): number {
  let lowest = own
  for (const { durableOffset } of followers) lowest = Math.min(lowest, durableOffset)
  return Math.max(current, lowest)
}

/**
 * The last stable offset: below it every transaction is decided. `firstUndecided` is the first
 * offset of the oldest open transaction, or of a decided one whose marker is not yet below the
 * high watermark; null if there is none (KIP-98).
 */
export function lastStableOffset(
  highWatermark: number,
  firstUndecided: number | null,
  logStartOffset: number,
): number {
  const bound = firstUndecided === null ? highWatermark : Math.min(firstUndecided, highWatermark)
  return Math.max(bound, Math.min(logStartOffset, highWatermark))
}
