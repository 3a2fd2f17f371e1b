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

  residentBytes(): number {
    return process.memoryUsage.rss()
  }

  cpuMicros(): number {
    const { user, system } = process.cpuUsage()
    return user + system
  }
}
