import type { DiskError } from '../host/disk-error.ts'
import type { Crc32c, Disk, Loop, Random } from '../host/host.ts'
import type { BatchCursor } from './batch-cursor.ts'
import type { CachedTail } from './cached-tail.ts'
import type { Expander } from './expander.ts'
import type { LoadJournal } from './load-report.ts'
import type { MirrorBudget } from './mirror-budget.ts'
import type { OpenFiles } from './open-files.ts'
import type { Space } from './space.ts'
import type { FolderOwner, SyncRound } from './sync-round.ts'
import type { Trash } from './trash.ts'

/** What all logs of one directory share. */
export interface LogEnvironment {
  readonly disk: Disk
  readonly loop: Loop
  readonly crc32c: Crc32c
  readonly random: Pick<Random, 'below'>
  readonly openFiles: OpenFiles
  readonly space: Space
  readonly mirrors: MirrorBudget
  readonly trash: Trash
  readonly cachedTail: CachedTail
  readonly expander: Expander
  /** For walks that end before anything else runs. */
  readonly cursor: BatchCursor
  /** A cursor of one's own. */
  newCursor(): BatchCursor
  /** A stage takes no more, unless one batch alone is larger. */
  readonly stageBytesMax: number
  /** Set once the directory failed; nothing is written any more. */
  readonly offline: DiskError | null
  /** Takes the directory offline for good. */
  fail(error: DiskError): void
  /** What was found wrong on disk, at the opening or later. */
  readonly journal: LoadJournal
  /** An index was made again because it was missing or lied. */
  onRebuilt(path: string): void
  /** Calls `log.flush` at the end of this turn, or of a later one when much is to be written. */
  stage(log: StagedLog): void
  /** Includes the log in the next commit round. */
  commit(log: CommittedLog): void
  /** Makes the closed segments of the log durable with their indexes, in the background. */
  seal(log: SealedLog): void
}

/** A log with batches that wait to be written. */
export interface StagedLog {
  /** Writes until it has written `bytesMax` or more, or all. Returns the bytes. */
  flush(bytesMax: number): number
}

/** A log with bytes that must become durable. */
export interface CommittedLog extends FolderOwner {
  /** Adds what must be synced for everything written until now. */
  beginCommit(round: SyncRound): void
  /** All of it is durable. */
  endCommit(): void
}

/** A log with closed segments that must become durable with their indexes. */
export interface SealedLog extends FolderOwner {
  /** Adds what at most so many segments need, oldest first. Returns how many. */
  beginSeal(round: SyncRound, segmentsMax: number): number
  /** All of it is durable, or the round failed. */
  endSeal(isDurable: boolean): void
}
