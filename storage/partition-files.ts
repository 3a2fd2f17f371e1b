/**
 * The files of one partition's folder, after whatever a crash interrupted is finished or undone
 * (Kafka's swap protocol):
 *
 *   .deleted  logically gone                          -> unlinked
 *   .cleaned  output that was not complete            -> unlinked, with every .swap at or above it
 *   .swap     output complete, replacement decided    -> what it replaces is unlinked, then renamed
 *   an index without its .log                         -> unlinked
 */
import type { Disk } from '../host/host.ts'
import { type AsideName, parseAsideName } from './damage.ts'
import type { LoadJournal } from './load-report.ts'
import { batchesIn } from './log-reader.ts'
import {
  FileKind,
  LEADER_EPOCH_FILE,
  parseSegmentFileName,
  type SegmentFileName,
  segmentFileName,
} from './names.ts'
import type { Offset } from './units.ts'

export interface PartitionFiles {
  /** Ascending. */
  readonly bases: readonly Offset[]
  readonly withTransactions: ReadonlySet<Offset>
  /** Ascending. */
  readonly snapshots: Offset[]
  /** What the names of copied damaged ranges say, with their paths. */
  readonly aside: readonly (AsideName & { readonly path: string })[]
  readonly hasEpochs: boolean
}

interface NamedFile extends SegmentFileName {
  readonly name: string
}

/** Lists and tidies the folder. Throws DiskError. */
export function partitionFiles(disk: Disk, folder: string, journal: LoadJournal): PartitionFiles {
  const names = disk.list(folder)
  let files: NamedFile[] = []
  const aside: (AsideName & { path: string })[] = []
  let hasEpochs = false
  for (const { name } of names) {
    if (name === LEADER_EPOCH_FILE) hasEpochs = true
    else {
      const parsed = parseSegmentFileName(name)
      if (parsed !== null) files.push({ ...parsed, name })
      const copied = parsed === null ? parseAsideName(name) : null
      if (copied !== null) aside.push({ ...copied, path: `${folder}/${name}` })
    }
  }
  if (files.some(({ suffix }) => suffix !== '')) files = finishSwap(disk, folder, files, journal)
  const bases = files.filter(({ kind }) => kind === FileKind.LOG).map(file => file.baseOffset)
  const known = new Set(bases)
  const withTransactions = new Set<Offset>()
  for (const { kind, baseOffset, name } of files) {
    if (kind === FileKind.LOG || kind === FileKind.SNAPSHOT) continue
    if (!known.has(baseOffset)) {
      disk.remove(`${folder}/${name}`)
      journal.add('removed', `${folder}/${name}`, 'an index without its log')
    } else if (kind === FileKind.TRANSACTION_INDEX) withTransactions.add(baseOffset)
  }
  const snapshots = files.filter(({ kind }) => kind === FileKind.SNAPSHOT).map(f => f.baseOffset)
  return { bases, withTransactions, snapshots, aside, hasEpochs }
}

function finishSwap(
  disk: Disk,
  folder: string,
  files: readonly NamedFile[],
  journal: LoadJournal,
): NamedFile[] {
  const cleaned = files.filter(({ suffix }) => suffix === '.cleaned')
  const firstCleaned = Math.min(Infinity, ...cleaned.map(({ baseOffset }) => baseOffset))
  const remove = ({ name }: NamedFile, reason: string) => {
    disk.remove(`${folder}/${name}`)
    journal.add('removed', `${folder}/${name}`, reason)
  }
  const swaps: NamedFile[] = []
  let kept: NamedFile[] = []
  for (const file of files) {
    if (file.suffix === '') kept.push(file)
    else if (file.suffix === '.deleted') remove(file, 'deleted before the stop')
    else if (file.suffix === '.cleaned') remove(file, 'an unfinished rewrite')
    else if (file.baseOffset >= firstCleaned) remove(file, 'part of an unfinished rewrite')
    else swaps.push(file)
  }
  const [from, to] = swappedRange(disk, folder, swaps)
  kept = kept.filter(file => {
    if (file.baseOffset < from || file.baseOffset >= to) return true
    remove(file, 'replaced by a finished rewrite')
    return false
  })
  for (const { name, baseOffset, kind } of swaps) {
    const finalName = segmentFileName(baseOffset, kind)
    disk.rename(`${folder}/${name}`, `${folder}/${finalName}`)
    // A crash between the renames of one segment left this one's target in place.
    kept = kept.filter(file => file.name !== finalName)
    kept.push({ name: finalName, baseOffset, kind, suffix: '' })
  }
  return kept.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The offsets that finished rewrites replace: first base, and end of the last one (exclusive). */
function swappedRange(disk: Disk, folder: string, swaps: readonly NamedFile[]): [Offset, Offset] {
  let from = Infinity
  let to = -1
  for (const { name, baseOffset, kind } of swaps) {
    if (kind !== FileKind.LOG) continue
    from = Math.min(from, baseOffset)
    to = Math.max(to, baseOffset + 1)
    const file = disk.open(`${folder}/${name}`, 'read')
    try {
      for (const batch of batchesIn(file, 0, file.sizeBytes))
        to = Math.max(to, batch.lastOffset + 1)
    } finally {
      file.close()
    }
  }
  return [from, to]
}
