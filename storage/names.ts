/**
 * File and folder names of a data directory <-> what they say. Kafka's names to the letter, so that
 * either broker can open the other's folder.
 */
import type { Offset } from './units.ts'

export const FileKind = {
  LOG: '.log',
  OFFSET_INDEX: '.index',
  TIME_INDEX: '.timeindex',
  TRANSACTION_INDEX: '.txnindex',
  SNAPSHOT: '.snapshot',
} as const
export type FileKind = (typeof FileKind)[keyof typeof FileKind]

/** What a crash left of a change of files: storage names of Kafka's swap protocol. */
export type FileSuffix = '' | '.swap' | '.cleaned' | '.deleted'

export interface SegmentFileName {
  readonly baseOffset: Offset
  readonly kind: FileKind
  readonly suffix: FileSuffix
}

export const LEADER_EPOCH_FILE = 'leader-epoch-checkpoint'
export const PARTITION_METADATA_FILE = 'partition.metadata'
export const META_PROPERTIES_FILE = 'meta.properties'
export const CLEAN_STOP_FILE = '.kafka_cleanshutdown'
export const RECOVERY_POINT_FILE = 'recovery-point-offset-checkpoint'
export const LOG_START_FILE = 'log-start-offset-checkpoint'
export const HIGH_WATERMARK_FILE = 'replication-offset-checkpoint'
export const METADATA_LOG_FOLDER = '__cluster_metadata-0'

const SEGMENT_FILE =
  /^(\d{20})(\.log|\.index|\.timeindex|\.txnindex|\.snapshot)(\.swap|\.cleaned|\.deleted)?$/
const TOPIC_LENGTH_MAX = 249
const FOLDER_LENGTH_MAX = 255

/** The name of a segment's file: 20 digits of its base offset (for a snapshot: its offset). */
export function segmentFileName(baseOffset: Offset, kind: FileKind): string {
  return String(baseOffset).padStart(20, '0') + kind
}

/** Null for a file that is not a segment's, or whose offset is beyond 2^53. */
export function parseSegmentFileName(name: string): SegmentFileName | null {
  const match = SEGMENT_FILE.exec(name)
  if (match === null) return null
  const baseOffset = Number(match[1])
  if (!Number.isSafeInteger(baseOffset)) return null
  const suffix = (match[3] ?? '') as FileSuffix
  return { baseOffset, kind: match[2] as FileKind, suffix }
}

export type FolderName =
  | { readonly kind: 'partition'; readonly topic: string; readonly partition: number }
  | { readonly kind: 'delete' | 'future' }
  /** `topic` is cut short where the name would have become too long for the file system. */
  | { readonly kind: 'stray'; readonly topic: string; readonly partition: number }
  | { readonly kind: 'unknown' }

const SET_ASIDE = /^(.*)-(\d{1,10})\.[0-9a-f]{32}-(delete|future|stray)$/
const PARTITION = /^([a-zA-Z0-9._-]{1,249})-(0|[1-9]\d{0,9})$/

export function partitionFolderName(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

/** Splits at the last '-', as Kafka does. */
export function parseFolderName(name: string): FolderName {
  const aside = SET_ASIDE.exec(name)
  if (aside !== null) {
    const kind = aside[3] as 'delete' | 'future' | 'stray'
    if (kind !== 'stray') return { kind }
    return { kind, topic: aside[1] ?? '', partition: Number(aside[2]) }
  }
  const match = PARTITION.exec(name)
  const topic = match?.[1]
  const partition = Number(match?.[2])
  if (topic === undefined || topic.length > TOPIC_LENGTH_MAX || partition > 0x7fffffff) {
    return { kind: 'unknown' }
  }
  return { kind: 'partition', topic, partition }
}

/**
 * The name under which a partition's folder is out of the way: '-delete' until it is unlinked,
 * '-stray' for as long as its owner wants. `hex32` makes the name unique.
 */
export function asideFolderName(
  topic: string,
  partition: number,
  hex32: string,
  kind: 'delete' | 'stray',
): string {
  const tail = `-${partition}.${hex32}-${kind}`
  return topic.slice(0, FOLDER_LENGTH_MAX - tail.length) + tail
}
