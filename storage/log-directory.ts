import type { DiskError } from '../host/disk-error.ts'
import type { Crc32c, Disk, Loop, Random } from '../host/host.ts'
import type { Log } from './log.ts'
import type { LogConfig } from './log-config.ts'

export interface LogDirectoryOptions {
  readonly path: string
  readonly disk: Disk
  readonly loop: Loop
  readonly crc32c: Crc32c
  /** Draws each segment's share of segment.jitter.ms. */
  readonly random: Pick<Random, 'below'>
  readonly nowMs: number
  /** A fresh 22-character id. */
  readonly newId: () => string
  /** A folder that says otherwise is refused. */
  readonly expected?: { readonly clusterId?: string; readonly nodeId?: number }
  /** Written to a folder that has no identity yet. */
  readonly nodeId: number
  readonly openFilesMax: number
  readonly logDefaults: LogConfig
  readonly configOf?: (topic: string) => LogConfig
}

/** Plain data for the broker's log: what opening found and did. */
export interface LoadReport {
  readonly wasCleanStop: boolean
  readonly logs: number
  readonly elapsedSegments: number
  readonly findings: readonly LoadFinding[]
}

export interface LoadFinding {
  readonly kind: 'cut' | 'rebuilt' | 'removed' | 'skipped' | 'refused' | 'repaired'
  /** Path relative to the directory. */
  readonly path: string
  readonly reason: string
  readonly bytes?: number
}

/** What one sweep removed from one log. */
export interface RetentionReport {
  readonly topic: string
  readonly partition: number
  readonly removedSegments: number
  readonly removedBytes: number
  readonly reason: 'size' | 'time' | 'start'
  readonly logStartOffset: number
}

/** All logs under one folder. */
export declare class LogDirectory {
  static open(options: LogDirectoryOptions): Promise<LogDirectory>
  readonly path: string
  readonly identity: { clusterId: string; nodeId: number; directoryId: string }
  readonly wasCleanStop: boolean
  readonly report: LoadReport
  /** Set by EIO or a failed sync, for good. */
  readonly offline: DiskError | null
  onOffline(listener: (error: DiskError) => void): void
  logs(): IterableIterator<Log>
  get(topic: string, partition: number): Log | undefined
  create(topic: string, partition: number, topicId: string, config: LogConfig, nowMs: number): Log
  delete(log: Log, nowMs: number): void
  sweep(nowMs: number): RetentionReport[]
  /** Queues a commit round for logs whose unsynced records are older than their flushMs. */
  flushDue(nowMs: number): void
  checkpoint(): Promise<void>
  close(nowMs: number): Promise<void>
  abandon(): void
}
