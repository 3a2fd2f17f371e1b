/**
 * Writes what the logs of a directory have staged: after the turn's sockets were read, in the order
 * in which logs asked. Page cache that was not touched before may cost milliseconds a megabyte, so
 * what is too much for one turn waits for the next ones; sockets are read, timers run and acks
 * leave in between.
 *
 * Invariants:
 *   (1) A turn ends its writing with the stage that takes it to `bytesMax`.
 *   (2) While logs wait for a later turn, those that ask queue up behind them.
 *   (3) A log that has more than one stage queues up again after each turn's share.
 */
import type { Loop } from '../host/host.ts'
import type { StagedLog } from './environment.ts'

export class StagedWrites {
  readonly #loop: Loop
  readonly #bytesMax: number
  #logs: StagedLog[] = []
  #isTurnQueued = false

  constructor(loop: Loop, bytesMax: number) {
    this.#loop = loop
    this.#bytesMax = bytesMax
  }

  add(log: StagedLog): void {
    this.#logs.push(log)
    if (this.#isTurnQueued) return
    this.#isTurnQueued = true
    this.#loop.afterTurn(this.#turn)
  }

  /** Writes everything, now. */
  flush(): void {
    this.#write(Number.POSITIVE_INFINITY)
  }

  /** What was not written never is. */
  abandon(): void {
    this.#logs = []
  }

  #turn = (): void => {
    this.#write(this.#bytesMax)
    this.#isTurnQueued = this.#logs.length > 0
    if (!this.#isTurnQueued) return
    this.#loop.spawn('staged writes', this.#loop.nextTurn().then(this.#turn))
  }

  #write(bytesMax: number): void {
    const logs = this.#logs
    this.#logs = []
    let at = 0
    for (let left = bytesMax; at < logs.length && left > 0; at++) {
      left -= (logs[at] as StagedLog).flush(left)
    }
    if (at < logs.length) this.#logs = logs.slice(at).concat(this.#logs)
  }
}
