/** What a directory is opened with, and what it hands to each of its logs. */
import type { Crc32c, Disk, Loop, Random } from '../host/host.ts'
import { BatchCursor } from './batch-cursor.ts'
import { CachedTail } from './cached-tail.ts'
import type { LogEnvironment } from './environment.ts'
import { Expander } from './expander.ts'
import type { LoadFinding } from './load-report.ts'
import { MirrorBudget } from './mirror-budget.ts'
import { OpenFiles } from './open-files.ts'
import { Space } from './space.ts'
import { Trash } from './trash.ts'

export interface LogDirectoryOptions {
  readonly path: string
  readonly disk: Disk
  readonly loop: Loop
  readonly crc32c: Crc32c
  /** Draws each segment's share of segment.jitter.ms. */
  readonly random: Pick<Random, 'below'>
  /** A fresh 22-character id. */
  readonly newId: () => string
  /** A folder that says otherwise is refused. */
  readonly expected?: { readonly clusterId?: string; readonly nodeId?: number }
  /** Written to a folder that has no identity yet. */
  readonly nodeId: number
  readonly openFilesMax: number
  /** Default: one without a ballast. */
  readonly space?: Space
  /** Told what is found wrong on disk, while opening and later. Must not throw. */
  readonly onFinding?: ((finding: LoadFinding) => void) | undefined
  /** Memory for indexes read back from disk. Default 16 MiB. */
  readonly indexBytesMax?: number
  /** Bytes written last that stay in the page cache. Default: the kernel alone decides. */
  readonly cachedBytesMax?: number
  /** Expands what logs hold compressed. Default: one of the directory's own, with 128 MiB. */
  readonly expander?: Expander
  /** Bytes of one write, if no batch is larger; a turn writes about twice that. Default 1 MiB. */
  readonly stageBytesMax?: number
}

const INDEX_BYTES_MAX = 16_777_216
const STAGE_BYTES_MAX = 1 << 20
const CURSOR_BYTES = 8192
const EXPANSION_BYTES_MAX = 134_217_728

/** Bytes of one write, if no batch is larger. */
export function stagedBytesMax({ stageBytesMax = STAGE_BYTES_MAX }: LogDirectoryOptions): number {
  return stageBytesMax
}

/** The part of the environment that is the directory's own doing. */
export type DirectoryActs = Pick<
  LogEnvironment,
  'offline' | 'fail' | 'journal' | 'onRebuilt' | 'stage' | 'commit' | 'seal'
>

export function makeEnvironment(options: LogDirectoryOptions, acts: DirectoryActs): LogEnvironment {
  const { disk, loop, crc32c, random, indexBytesMax = INDEX_BYTES_MAX } = options
  return {
    disk,
    loop,
    crc32c,
    random,
    stageBytesMax: stagedBytesMax(options),
    space: options.space ?? new Space({ disk, folder: options.path, ballast: null }),
    openFiles: new OpenFiles(disk, loop, options.openFilesMax),
    mirrors: new MirrorBudget(indexBytesMax),
    trash: new Trash(disk),
    cachedTail: new CachedTail(loop, options.cachedBytesMax),
    expander: options.expander ?? ownExpander(loop),
    cursor: new BatchCursor(Buffer.allocUnsafeSlow(CURSOR_BYTES)),
    newCursor: () => new BatchCursor(Buffer.allocUnsafeSlow(CURSOR_BYTES)),
    get offline() {
      return acts.offline
    },
    fail: acts.fail,
    journal: acts.journal,
    onRebuilt: acts.onRebuilt,
    stage: acts.stage,
    commit: acts.commit,
    seal: acts.seal,
  }
}

function ownExpander(loop: Loop): Expander {
  const nextTurn = () => loop.nextTurn()
  return new Expander({ nextTurn, memoryBytesMax: () => EXPANSION_BYTES_MAX })
}
