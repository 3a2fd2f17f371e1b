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
   * 'cut': a log ends earlier than its file did. 'rebuilt': an index was made again. 'removed':
   * leftovers of an interrupted change. 'skipped': not ours to open. 'refused': a partition that
   * stays closed. 'repaired': a small file was unreadable and made again.
   */
  readonly kind: 'cut' | 'rebuilt' | 'removed' | 'skipped' | 'refused' | 'repaired'
  readonly path: string
  readonly reason: string
  readonly bytes?: number
}

/** Collects findings while a directory opens. */
export class LoadJournal {
  readonly findings: LoadFinding[] = []
  scannedBytes = 0

  add(kind: LoadFinding['kind'], path: string, reason: string, bytes?: number): void {
    this.findings.push(bytes === undefined ? { kind, path, reason } : { kind, path, reason, bytes })
  }
}
