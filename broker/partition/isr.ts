/** What a leader knows of a follower. Times are monotonic milliseconds. */
export interface FollowerState {
  readonly id: number
  /** Exclusive end of what it holds. */
  readonly nextOffset: number
  /** When it last had everything the leader had at the time. */
  readonly caughtUpMs: number
  readonly isAlive: boolean
}

/** A follower that was behind for longer than this is out of sync (replica.lag.time.max.ms). */
export interface IsrRules {
  readonly lagMaxMs: number
}

/** Members of the ISR that no longer keep up, in ISR order; never the leader itself. */
export function laggards(
  isr: readonly number[],
  leaderId: number,
  leaderNextOffset: number,
  followers: ReadonlyMap<number, FollowerState>,
  nowMs: number,
  rules: IsrRules,
): number[] {
  return isr.filter(id => {
    if (id === leaderId) return false
    const follower = followers.get(id)
    if (follower === undefined || !follower.isAlive) return true
    if (follower.nextOffset >= leaderNextOffset) return false
    return nowMs - follower.caughtUpMs > rules.lagMaxMs
  })
}

/**
 * Whether a follower may join: alive, and holding all that was committed and all that the leader's
 * epoch began with (KIP-279), so that it could lead without losing an acknowledged record.
 */
export function mayJoin(
  follower: FollowerState,
  highWatermark: number,
  epochStartOffset: number,
): boolean {
  return follower.isAlive && follower.nextOffset >= Math.max(highWatermark, epochStartOffset)
}

/**
 * Whether a produce with acks=all may be taken (NOT_ENOUGH_REPLICAS otherwise). As in Kafka, a
 * partition with fewer replicas than min.insync.replicas asks for all it has.
 */
export function hasEnoughReplicas(
  isrSize: number,
  replicaCount: number,
  minInsyncReplicas: number,
): boolean {
  return isrSize >= Math.min(minInsyncReplicas, replicaCount)
}
