import type { LogEnvironment } from './environment.ts'
import type { EpochStart } from './leader-epochs.ts'
import type { Segment } from './segment.ts'

/** The epoch starts that the batches themselves tell: for a checkpoint that was torn. */
export function epochsInBatches(
  environment: LogEnvironment,
  segments: readonly Segment[],
): EpochStart[] {
  const starts: EpochStart[] = []
  const cursor = environment.newCursor()
  for (const segment of segments) {
    if (segment.sizeBytes === 0) continue
    cursor.start(segment.file(), 0, segment.sizeBytes, segment.damage)
    while (cursor.next()) {
      const { leaderEpoch, baseOffset } = cursor
      const latest = starts.at(-1)?.leaderEpoch ?? -1
      if (leaderEpoch > latest) starts.push({ leaderEpoch, startOffset: baseOffset })
    }
  }
  return starts
}
