/** Makes closed segments durable in the background, one log after another. */

import type { DiskError } from '../host/disk-error.ts'
import type { Loop } from '../host/host.ts'
import { asDiskError } from './disk-failure.ts'
import type { SealedLog } from './environment.ts'

export class Sealing {
  readonly #loop: Loop
  readonly #onFailure: (error: DiskError) => void
  readonly #requested = new Set<SealedLog>()
  #running: Promise<void> = Promise.resolve()

  constructor(loop: Loop, onFailure: (error: DiskError) => void) {
    this.#loop = loop
    this.#onFailure = onFailure
  }

  /** The log's closed segments will be sealed. */
  request(log: SealedLog): void {
    this.#requested.add(log)
    if (this.#requested.size > 1) return
    this.#running = this.#sealAll()
    this.#loop.spawn('seal segments', this.#running)
  }

  /** Resolves once everything requested so far is done, or has failed. */
  idle(): Promise<void> {
    return this.#running
  }

  async #sealAll(): Promise<void> {
    for (const log of this.#requested) {
      try {
        await log.sealSegments()
      } catch (error) {
        this.#onFailure(asDiskError(error))
      }
      this.#requested.delete(log)
    }
  }
}
