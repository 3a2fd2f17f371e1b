/**
 * Whether a long range is cheaper sent by sendfile(2) or read and written. Neither always wins:
 * sendfile saves both copies, but hands the socket 64 KiB at a time, and each hand-over may wake a
 * reader that sleeps on another core; on some machines that costs 25 us, and 1 MiB then 500 us
 * instead of 90, where one write of it all costs 260. So both are tried and the cheaper is used.
 *
 * Invariant: a way's cost is a moving average of what it took the loop, in ms a MiB; 0 is unknown.
 */

/** One of so many ranges goes the way that was dearer, to see whether it still is. */
const TRY_OTHER_EVERY = 32
/** Weight of the latest in the average. */
const LATEST = 0.05
/** A cost beyond this multiple of the average says more of the machine's mood than of the way. */
const OUTLIER = 2
const MIB = 1 << 20
/** Ranges up to these many bytes are judged together, longer ones too. */
const CLASS_BYTES = [128 << 10, 512 << 10] as const

export type Way = 'sendfile' | 'copy'

/** What each way was seen to cost, by length of range. Shared by the connections of a host. */
export class RangeCost {
  readonly #sendfile = [0, 0, 0]
  readonly #copy = [0, 0, 0]
  readonly #count = [0, 0, 0]

  /** The way for a range about to be sent. Counts it. */
  choose(sizeBytes: number): Way {
    const at = classOf(sizeBytes)
    const sendfile = this.#sendfile[at] as number
    const copy = this.#copy[at] as number
    if (sendfile === 0) return 'sendfile'
    if (copy === 0) return 'copy'
    const cheaper = sendfile <= copy ? 'sendfile' : 'copy'
    this.#count[at] = (this.#count[at] as number) + 1
    if ((this.#count[at] as number) % TRY_OTHER_EVERY !== 0) return cheaper
    return cheaper === 'sendfile' ? 'copy' : 'sendfile'
  }

  /** `takenMs`: how long the loop was busy sending `bytes` of a range of `sizeBytes` this way. */
  saw(way: Way, sizeBytes: number, bytes: number, takenMs: number): void {
    const costs = way === 'sendfile' ? this.#sendfile : this.#copy
    const at = classOf(sizeBytes)
    const cost = (takenMs * MIB) / bytes
    const known = costs[at] as number
    const believed = Math.min(cost, known * OUTLIER)
    costs[at] = known === 0 ? cost : known + (believed - known) * LATEST
  }
}

function classOf(sizeBytes: number): number {
  if (sizeBytes <= CLASS_BYTES[0]) return 0
  return sizeBytes <= CLASS_BYTES[1] ? 1 : 2
}
