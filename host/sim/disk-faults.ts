import { DiskError } from '../disk-error.ts'

export type DiskCall =
  | 'open'
  | 'stat'
  | 'list'
  | 'makeFolder'
  | 'rename'
  | 'remove'
  | 'readFile'
  | 'syncFolder'
  | 'lockFolder'
  | 'write'
  | 'read'
  | 'truncate'
  | 'sync'

/** What is to go wrong, and where. */
export interface DiskFault {
  /** The calls concerned. 'read' includes reads off the loop, 'sync' includes commit rounds. */
  readonly calls: readonly DiskCall[]
  /** Paths concerned: those that contain the text or match. Default: all. */
  readonly path?: string | RegExp
  /** The operating system's name of the failure: 'EIO', 'ENOSPC', 'EROFS', ... */
  readonly code: string
  /** Calls that still succeed first. Default 0. */
  readonly afterCalls?: number
  /** For 'write': bytes that still fit first; the write that crosses is cut short, as Node's. */
  readonly afterBytes?: number
  /** How many calls fail before the fault is gone. Default: all. */
  readonly times?: number
}

export interface DiskDelay {
  /** Only calls off the loop can wait: 'sync', 'syncFolder', and 'read' by `readLater`. */
  readonly calls: readonly ('sync' | 'syncFolder' | 'read')[]
  readonly path?: string | RegExp
  readonly delayMs: number
}

/** A fault in force. */
export interface ActiveFault {
  /** Calls it has failed. */
  readonly hits: number
  /** Ends it. Idempotent. */
  remove(): void
}

interface Armed {
  readonly fault: DiskFault
  callsLeft: number
  bytesLeft: number
  timesLeft: number
  hits: number
}

/** The faults and delays in force on one simulated disk. */
export class DiskFaults {
  readonly #armed = new Set<Armed>()
  readonly #delays = new Set<DiskDelay>()

  /** Arms a fault. Of several that concern a call, the one armed first decides. */
  add(fault: DiskFault): ActiveFault {
    const armed: Armed = {
      fault,
      callsLeft: fault.afterCalls ?? 0,
      bytesLeft: fault.afterBytes ?? 0,
      timesLeft: fault.times ?? Number.POSITIVE_INFINITY,
      hits: 0,
    }
    this.#armed.add(armed)
    return {
      get hits() {
        return armed.hits
      },
      remove: () => {
        this.#armed.delete(armed)
      },
    }
  }

  /** Makes calls slow until the returned function is called. Several delays add up. */
  slow(delay: DiskDelay): () => void {
    this.#delays.add(delay)
    return () => {
      this.#delays.delete(delay)
    }
  }

  clear(): void {
    this.#armed.clear()
    this.#delays.clear()
  }

  /** Throws `DiskError` when a fault is due. */
  check(call: DiskCall, path: string): void {
    this.allow(call, path, 0)
  }

  /** How many of `sizeBytes` may be written: all, or fewer once; throws when a fault is due. */
  allow(call: DiskCall, path: string, sizeBytes: number): number {
    for (const armed of this.#armed) {
      const { fault } = armed
      if (!fault.calls.includes(call) || !matches(fault.path, path)) continue
      if (armed.callsLeft > 0) {
        armed.callsLeft--
        continue
      }
      if (armed.bytesLeft > 0) {
        const fits = Math.min(sizeBytes, armed.bytesLeft)
        armed.bytesLeft -= fits
        return fits
      }
      armed.hits++
      if (--armed.timesLeft <= 0) this.#armed.delete(armed)
      throw new DiskError(fault.code, path, call)
    }
    return sizeBytes
  }

  delayMs(call: DiskDelay['calls'][number], path: string): number {
    let delayMs = 0
    for (const delay of this.#delays) {
      if (delay.calls.includes(call) && matches(delay.path, path)) delayMs += delay.delayMs
    }
    return delayMs
  }
}

function matches(pattern: string | RegExp | undefined, path: string): boolean {
  if (pattern === undefined) return true
  return typeof pattern === 'string' ? path.includes(pattern) : path.search(pattern) >= 0
}
