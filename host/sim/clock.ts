import type { Clock, Timer } from '../host.ts'
import { everyone, type Owner } from './event-queue.ts'
import type { Hop } from './hop.ts'
import { Simulation } from './simulation.ts'

/** 2026-01-01T00:00:00Z: where virtual wall clocks start unless told otherwise. */
export const VIRTUAL_START_MS = 1_767_225_600_000

export interface VirtualClockOptions {
  /** The time it belongs to. Default: one of its own. */
  readonly simulation?: Simulation
  /** Wall time at the simulation's time 0. Default `VIRTUAL_START_MS`. */
  readonly startMs?: number
  /** Wall milliseconds gained per million monotonic ones (negative: lost). Default 0. */
  readonly driftPpm?: number
  /** Whose timers these are. */
  readonly owner?: Owner
  /** For a simulation of its own; beside a real loop give that loop's `nextTurn`. */
  readonly hop?: Hop
}

/**
 * A clock that stands still until `advance` moves it, or until the simulation it belongs to runs.
 * Beside a real network and loop, `advance` takes a turn of that loop after every timer, so sockets
 * are read and answered between two timers though hours pass.
 */
export class VirtualClock implements Clock {
  readonly simulation: Simulation
  readonly #owner: Owner
  readonly #driftPpm: number
  #wallAheadMs: number

  constructor(options: VirtualClockOptions = {}) {
    const { hop, owner, simulation, startMs } = options
    this.simulation = simulation ?? new Simulation(hop === undefined ? {} : { hop })
    this.#owner = owner ?? everyone()
    this.#driftPpm = options.driftPpm ?? 0
    this.#wallAheadMs = startMs ?? VIRTUAL_START_MS
  }

  nowMs(): number {
    const elapsedMs = this.simulation.nowMs
    return Math.floor(this.#wallAheadMs + elapsedMs + (elapsedMs * this.#driftPpm) / 1e6)
  }

  monotonicMs(): number {
    return this.simulation.nowMs
  }

  schedule(delayMs: number, task: () => void): Timer {
    return this.simulation.schedule(delayMs, 'timer', this.#owner, task)
  }

  /** Moves time by `ms`; timers due on the way run in order, the loop and promises between them. */
  advance(ms: number): Promise<void> {
    return this.simulation.advance(ms)
  }

  /** Sets the wall clock forward (or back) at once; monotonic time and timers do not notice. */
  jumpWall(ms: number): void {
    this.#wallAheadMs += ms
  }
}

/** A clock of its own that moves only when told: `new VirtualClock(options)`. */
export function virtualClock(options: VirtualClockOptions = {}): VirtualClock {
  return new VirtualClock(options)
}
