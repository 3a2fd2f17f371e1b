/** Plain data for the broker's log: what opening a directory found and did. */
export interface LoadReport {
  readonly wasCleanStop: boolean
  readonly logCount: number
  /** Bytes of segments that were scanned and checked. */
  readonly scannedBytes: number
  readonly findings: readonly LoadFinding[]
}

export interface LoadFinding {
  /**
   * 'cut': a log ends earlier than its file did; what was cut is kept beside it. 'damaged': a range
   * of a log that cannot be read and is passed over. 'mended': header fields that neighbours and
   * checksum disproved were put right. 'rebuilt': an index was made again. 'removed': leftovers of
   * an interrupted change. 'skipped': not ours to open. 'refused': a partition that stays closed.
   * 'repaired': a small file was unreadable and made again.
   */
  readonly kind:
    | 'cut'
    | 'damaged'
    | 'mended'
    | 'rebuilt'
    | 'removed'
    | 'skipped'
    | 'refused'
    | 'repaired'
  readonly path: string
  /** What is wrong, with the byte where it begins if there is one. */
  readonly reason: string
  readonly bytes?: number
}

/** Bytes of trusted segments that one opening checks; the rest is checked when it is idle. */
const CHECKED_BYTES_MAX = 33_554_432

/** Collects findings while a directory opens; afterwards they only go to whoever listens. */
export class LoadJournal {
  readonly findings: LoadFinding[] = []
  scannedBytes = 0
  /** What may still be read to check segments that need no recovery. */
  checkBytesLeft = CHECKED_BYTES_MAX
  #isOpen = true
  #count = 0
  readonly #listener: ((finding: LoadFinding) => void) | undefined

  constructor(listener?: (finding: LoadFinding) => void) {
    this.#listener = listener
  }

  /** How many findings there were. */
  get count(): number {
    return this.#count
  }

  add(kind: LoadFinding['kind'], path: string, reason: string, bytes?: number): void {
    const finding: LoadFinding =
      bytes === undefined ? { kind, path, reason } : { kind, path, reason, bytes }
    this.#count++
    if (this.#isOpen) this.findings.push(finding)
    this.#listener?.(finding)
  }

  /** The directory is open: what is found from now on is told and not kept. */
  close(): void {
    this.#isOpen = false
  }
}
