/** Holds a log's list of leader epochs against its batches. */
import type { EpochStart } from './leader-epochs.ts'
import type { LeaderEpoch, Offset } from './units.ts'

export class EpochCheck {
  /** Where epochs begin by the batches seen; all of the list once every batch was. */
  readonly starts: EpochStart[] = []
  /** Whether each batch has the epoch that the list gives its base offset. */
  isRight = true
  readonly #known: readonly EpochStart[]
  #slot = -1

  constructor(known: readonly EpochStart[]) {
    this.#known = known
  }

  /** The next batch, in the order of offsets. */
  batch(leaderEpoch: LeaderEpoch, baseOffset: Offset): void {
    const latest = this.starts.at(-1)?.leaderEpoch ?? -1
    if (leaderEpoch > latest) this.starts.push({ leaderEpoch, startOffset: baseOffset })
    const known = this.#known
    while ((known[this.#slot + 1]?.startOffset ?? Number.POSITIVE_INFINITY) <= baseOffset) {
      this.#slot++
    }
    // Batches that lie wholly before the log's start are older than the list.
    const entry = known[this.#slot]
    if (entry !== undefined && leaderEpoch >= 0 && entry.leaderEpoch !== leaderEpoch) {
      this.isRight = false
    }
  }
}
