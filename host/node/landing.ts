/**
 * Where sockets land that read no long frame. One loop reads one socket at a time, so that all of
 * them share one buffer; how much of it a connection is given grows with what it brings.
 */

/** What a client asks first is short; all that lands before a pause stays in memory. */
export const LANDING_BYTES_MIN = 4 << 10
/** The last holds what a busy producer mostly has in flight, so that one read takes it. */
const SIZES = [LANDING_BYTES_MIN, 20 << 10, 40 << 10, 80 << 10, 128 << 10]
/** After a pause: enough for the beginning of a long frame to be told from a short one. */
const PAUSED_SIZE = 1

const shared = Buffer.allocUnsafeSlow(SIZES.at(-1) as number)
const views = SIZES.map(sizeBytes => shared.subarray(0, sizeBytes))

/** One connection's share of the landing buffer. */
export class Landing {
  #size = 0

  /** The view to land in; a small one while memory is spent. */
  view(isSpent: boolean): Buffer {
    return views[isSpent ? 0 : this.#size] as Buffer
  }

  /** `sizeBytes` landed in `view`: a peer that filled all it was given is given more. */
  landed(sizeBytes: number, view: Buffer): void {
    if (sizeBytes < view.length || view !== views[this.#size]) return
    if (this.#size < views.length - 1) this.#size++
  }

  /** The connection paused: what still lands is kept, and should not be much. */
  shrink(): void {
    this.#size = Math.min(this.#size, PAUSED_SIZE)
  }
}
