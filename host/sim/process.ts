import type { HostProcess } from '../host.ts'

/** A process that is only told about: it takes no memory and no time of its own. */
export class SimProcess implements HostProcess {
  readonly pid: number
  readonly platform = 'simulated'
  readonly runtimeVersion = 'simulated'
  readonly memoryBytes = Number.POSITIVE_INFINITY
  readonly nativeParts: readonly string[] = []

  constructor(pid: number) {
    this.pid = pid
  }

  residentBytes(): number {
    return 0
  }

  cpuMicros(): number {
    return 0
  }
}
