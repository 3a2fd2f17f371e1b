import type { Loop } from '../host.ts'
import type { Owner } from './event-queue.ts'
import type { Simulation } from './simulation.ts'

/** A turn takes this long: a program that waits turn by turn sees time pass. */
const TURN_MS = 0.01

/** One simulated host's event loop. A turn is one event of the simulation. */
export class SimLoop implements Loop {
  readonly #simulation: Simulation
  readonly #owner: Owner

  constructor(simulation: Simulation, owner: Owner) {
    this.#simulation = simulation
    this.#owner = owner
  }

  afterTurn(task: () => void): void {
    this.#simulation.afterTurn(this.#owner, task)
  }

  nextTurn(): Promise<void> {
    return new Promise(resolve => {
      this.#simulation.schedule(TURN_MS, 'turn', this.#owner, resolve)
    })
  }

  spawn(name: string, promise: Promise<unknown>): void {
    promise.catch(cause => {
      // A killed process reports nothing: its last promises may well reject.
      if (!this.#owner.isAlive) return
      this.#simulation.fail(new Error(`${this.#owner.name}: spawned ${name} failed`, { cause }))
    })
  }
}
