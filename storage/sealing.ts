/**
 * Makes closed segments durable in the background: those of many logs together, for logs written
 * alike are full at the same time.
 *
 * Invariants:
 *   (1) One round of sealing at a time; what is requested meanwhile goes with a later one.
 *   (2) A failed sync is reported, and ends what was requested; one that could not begin for want
 *       of a descriptor is not, and the segments stay to be sealed.
 */
import type { DiskError } from '../host/disk-error.ts'
import type { Disk, Loop } from '../host/host.ts'
import { asDiskError, lacksDescriptor } from './disk-failure.ts'
import type { SealedLog } from './environment.ts'
import { SyncRound } from './sync-round.ts'

/** Segments of one round; each has up to four small files open beside its own. */
const SEGMENTS_AT_ONCE = 32

export class Sealing {
  readonly #disk: Disk
  readonly #loop: Loop
  readonly #onFailure: (error: DiskError) => void
  readonly #requested = new Set<SealedLog>()
  #isRunning = false
  #running: Promise<void> = Promise.resolve()

  constructor(disk: Disk, loop: Loop, onFailure: (error: DiskError) => void) {
    this.#disk = disk
    this.#loop = loop
    this.#onFailure = onFailure
  }

  /** The log's closed segments will be sealed. */
  request(log: SealedLog): void {
    this.#requested.add(log)
    if (this.#isRunning) return
    this.#isRunning = true
    this.#running = this.#run()
    this.#loop.spawn('seal segments', this.#running)
  }

  /** Resolves once everything requested so far is done, or has failed. */
  idle(): Promise<void> {
    return this.#running
  }

  async #run(): Promise<void> {
    // Whatever else rolls in this turn comes along.
    await this.#loop.nextTurn()
    while (this.#requested.size > 0) {
      try {
        await sealSegments(this.#disk, this.#requested)
      } catch (error) {
        this.#requested.clear()
        const failure = asDiskError(error)
        // Without a descriptor no sync began: the segments are sealed when they are next due.
        if (!lacksDescriptor(failure)) this.#onFailure(failure)
      }
    }
    this.#isRunning = false
  }
}

/**
 * Seals the closed segments of the logs, and takes those that have no more out of the set. Rejects
 * with the DiskError of a failed sync.
 */
export async function sealSegments(disk: Disk, logs: Set<SealedLog>): Promise<void> {
  while (logs.size > 0) {
    const round = new SyncRound()
    const begun: SealedLog[] = []
    let room = SEGMENTS_AT_ONCE
    for (const log of logs) {
      const count = log.beginSeal(round, room)
      if (count === 0) logs.delete(log)
      else begun.push(log)
      room -= count
      if (room === 0) break
    }
    let isDurable = false
    try {
      await round.run(disk)
      isDurable = true
    } finally {
      for (const log of begun) log.endSeal(isDurable)
    }
  }
}
