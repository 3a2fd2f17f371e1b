/**
 * Group commit for a directory: one round in flight, which takes every log written since the last.
 *
 * Invariants:
 *   (1) At most one round is in flight; what is requested meanwhile goes with the next one.
 *   (2) Waiters are told after files and folders are synced, both.
 *   (3) A failed sync is final: it is reported once and no round begins after it. A sync that could
 *       not begin for want of a descriptor did not fail: the round goes on once there is one.
 */
import type { DiskError } from '../host/disk-error.ts'
import type { Disk, Loop } from '../host/host.ts'
import { asDiskError, isPassing } from './disk-failure.ts'
import type { CommittedLog } from './environment.ts'
import { SyncRound } from './sync-round.ts'

export class CommitRounds {
  readonly #disk: Disk
  readonly #loop: Loop
  readonly #onFailure: (error: DiskError) => void
  #requested = new Set<CommittedLog>()
  #isRunning = false
  #isStopped = false
  #idle: Promise<void> = Promise.resolve()
  #beginIsQueued = false

  constructor(disk: Disk, loop: Loop, onFailure: (error: DiskError) => void) {
    this.#disk = disk
    this.#loop = loop
    this.#onFailure = onFailure
  }

  /** The next round will include the log. It begins after this turn's writes. */
  request(log: CommittedLog): void {
    if (this.#isStopped) return
    this.#requested.add(log)
    if (this.#isRunning || this.#beginIsQueued) return
    this.#beginIsQueued = true
    this.#loop.afterTurn(this.#begin)
  }

  /** Resolves once nothing is requested and nothing is in flight. */
  async drained(): Promise<void> {
    while (!this.#isStopped && (this.#isRunning || this.#requested.size > 0)) {
      if (!this.#isRunning) this.#begin()
      await this.#idle
    }
  }

  /** No round begins any more. */
  stop(): void {
    this.#isStopped = true
    this.#requested.clear()
  }

  #begin = (): void => {
    this.#beginIsQueued = false
    if (this.#isRunning || this.#isStopped || this.#requested.size === 0) return
    this.#isRunning = true
    this.#idle = this.#run()
    this.#loop.spawn('commit rounds', this.#idle)
  }

  async #run(): Promise<void> {
    while (this.#requested.size > 0 && !this.#isStopped) {
      const requested = this.#requested
      this.#requested = new Set()
      let begun: CommittedLog[]
      try {
        begun = await this.#round(requested)
      } catch (error) {
        if (this.#isStopped) break
        this.#isStopped = true
        this.#onFailure(asDiskError(error))
        break
      }
      for (const log of begun) if (!this.#isStopped) log.endCommit()
      // Some had no descriptor to spare: they wait for the next round, others get their turn.
      if (begun.length < requested.size) await this.#loop.nextTurn()
    }
    this.#isRunning = false
  }

  /** Returns the logs whose round it was. */
  async #round(requested: ReadonlySet<CommittedLog>): Promise<CommittedLog[]> {
    const round = new SyncRound()
    const begun: CommittedLog[] = []
    for (const log of requested) {
      if (log.isDeleted || this.#begins(log, round)) begun.push(log)
    }
    await round.run(this.#disk, this.#mayTryAgain)
    return begun
  }

  /** Whoever holds the descriptors is given a turn. */
  #mayTryAgain = async (): Promise<boolean> => {
    await this.#loop.nextTurn()
    return !this.#isStopped
  }

  #begins(log: CommittedLog, round: SyncRound): boolean {
    try {
      log.beginCommit(round)
      return true
    } catch (error) {
      if (!isPassing(asDiskError(error))) {
        round.release()
        throw error
      }
      this.#requested.add(log)
      return false
    }
  }
}
