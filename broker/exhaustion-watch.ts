import type { Clock, Timer } from '../host/host.ts'
import type { Space, SpaceReport } from '../storage/space.ts'
import type { Conditions } from './conditions.ts'

export interface ExhaustionWatchOptions {
  readonly clock: Clock
  readonly conditions: Conditions
  readonly space: Space
  /** The data folder. */
  readonly folder: string
  /** ottla.disk.free.warning.bytes. */
  freeWarningBytes(): number
  readonly connections: {
    /** As many as the process limit leaves beside storage. */
    readonly max: number
    open(): number
    /** Turned away since start. */
    refused(): number
  }
}

/** How often is looked: usually, on a full disk, and while the ballast is being made. */
const INTERVAL_MS = 5_000
const FULL_INTERVAL_MS = 1_000
const GROWING_INTERVAL_MS = 50
/** Connections must fall below this part of their limit before they are called enough again. */
const ENOUGH_SHARE = 0.9

const MIB = 1 << 20

/**
 * Looks now and then at what can run out, space on the disk and descriptors, and tells it as
 * conditions: once when it begins and once when it is over.
 */
export class ExhaustionWatch {
  readonly #options: ExhaustionWatchOptions
  #timer: Timer | null = null
  #isStopped = false

  constructor(options: ExhaustionWatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#options.space.onFull = () => this.#tellFull()
    const { isFull } = this.#options.space
    if (isFull) this.#tellFull()
    this.#schedule(isFull ? FULL_INTERVAL_MS : INTERVAL_MS)
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
    this.#options.space.onFull = () => {}
  }

  #schedule(delayMs: number): void {
    const run = () => {
      const { isFull, isGrowing } = this.#look()
      const usualMs = isFull ? FULL_INTERVAL_MS : INTERVAL_MS
      if (!this.#isStopped) this.#schedule(isGrowing ? GROWING_INTERVAL_MS : usualMs)
    }
    this.#timer = this.#options.clock.schedule(delayMs, run, 'upkeep')
  }

  #look(): SpaceReport {
    const report = this.#options.space.look()
    this.#tellDisk(report)
    this.#tellConnections()
    return report
  }

  #tellDisk({ freeBytes, isFull }: SpaceReport): void {
    const { conditions, folder, freeWarningBytes } = this.#options
    if (isFull) {
      this.#tellFull()
      return
    }
    conditions.clear('disk-full', folder)
    const warningBytes = freeWarningBytes()
    if (freeBytes < warningBytes) {
      const message =
        `Less than ${mebibytes(warningBytes)} are free on the disk of ${folder}; make room ` +
        'there, or let topics keep less (retention.ms, retention.bytes).'
      conditions.set('disk-nearly-full', folder, 'warning', message)
    } else {
      conditions.clear('disk-nearly-full', folder)
    }
  }

  #tellFull(): void {
    const { conditions, folder } = this.#options
    conditions.clear('disk-nearly-full', folder)
    const message =
      `The disk of ${folder} is full and records are refused; make room there, delete topics or ` +
      'records, or let topics keep less (retention.ms, retention.bytes).'
    conditions.set('disk-full', folder, 'error', message)
  }

  #tellConnections(): void {
    const { conditions, connections } = this.#options
    const { max } = connections
    const open = connections.open()
    if (open >= max) {
      const message =
        `All ${max} descriptors for connections are in use and further clients are turned away ` +
        `(${connections.refused()} so far); raise the limit of open files (ulimit -n).`
      conditions.set('descriptors-spent', 'connections', 'error', message)
    } else if (open < max * ENOUGH_SHARE) {
      conditions.clear('descriptors-spent', 'connections')
    }
  }
}

function mebibytes(sizeBytes: number): string {
  return `${Math.round(sizeBytes / MIB).toLocaleString('en')} MiB`
}
