import { totalmem } from 'node:os'
import type { HostProcess } from '../host.ts'

/** This process. */
export class NodeProcess implements HostProcess {
  readonly pid = process.pid
  readonly platform = process.platform
  readonly runtimeVersion = process.version
  readonly #nativeParts: () => string[]

  /** `nativeParts` is asked when somebody wants to know: asking loads them. */
  constructor(nativeParts: () => string[]) {
    this.#nativeParts = nativeParts
  }

  get nativeParts(): readonly string[] {
    return this.#nativeParts()
  }

  get memoryBytes(): number {
    // 0 or beyond the machine: no limit is set.
    const limit = process.constrainedMemory()
    return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
  }

  residentBytes(): number {
    return process.memoryUsage.rss()
  }

  cpuMicros(): number {
    const { user, system } = process.cpuUsage()
    return user + system
  }
}
