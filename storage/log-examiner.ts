/**
 * Checks what the opening of a log left unchecked: a segment whose walk ended before its end, and,
 * for a log that must be read without a gap, all of them.
 */
import type { DamagedRange } from './damage.ts'
import { EpochCheck } from './epoch-check.ts'
import type { LogState } from './log-state.ts'
import type { Segment } from './segment.ts'
import { checkSegment } from './segment-check.ts'
import { NO_EPOCH, type Offset } from './units.ts'

/** A log that its reader cannot do without is damaged. */
export class DamagedLog extends Error {
  override readonly name = 'DamagedLog'
  readonly path: string
  /** Where the damage begins. */
  readonly position: number

  constructor(path: string, position: number) {
    super(
      `${path} is damaged at byte ${position}: stop the broker and let` +
        ' `ottla storage repair` set the damaged part aside, or bring the file back from a copy',
    )
    this.path = path
    this.position = position
  }
}

/**
 * Checks a whole segment now. Readers pass over what is damaged from then on; it is told through
 * the journal. Takes as long as reading the file: for segments whose walk came to no end. Throws
 * DiskError.
 */
export function examineSegment(state: LogState, segment: Segment): void {
  const { environment, segments } = state
  const next = segments[segments.indexOf(segment) + 1]
  checkSegment(
    environment,
    segment,
    {
      offsetLimit: next?.baseOffset ?? Number.POSITIVE_INFINITY,
      knownEnd: next === undefined ? state.writtenOffset : null,
      isCompacted: state.config.compactEnabled || segment.hasGaps,
      latestEpoch: state.epochs.isWritten ? state.epochs.latest : Number.POSITIVE_INFINITY,
      epochBefore: NO_EPOCH,
    },
    new EpochCheck([]),
  )
  // Positions that readers remember may lie in what is damaged.
  state.truncations++
}

/**
 * The first damaged range behind the batch that holds `from`, after every segment that was not
 * checked yet was; null if all is whole. Throws DiskError.
 */
export function firstDamage(
  state: LogState,
  from: Offset,
): { readonly path: string; readonly range: DamagedRange } | null {
  for (const segment of state.segments.slice(Math.max(0, state.floorIndex(from)))) {
    if (!segment.isChecked && segment.sizeBytes > 0) examineSegment(state, segment)
    if (segment.damage === null) continue
    const start = from <= segment.baseOffset ? 0 : (segment.seek(from)?.position ?? 0)
    const range = segment.damage.find(({ end }) => end > start)
    if (range !== undefined) return { path: segment.slot.path, range }
  }
  return null
}
