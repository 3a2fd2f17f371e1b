/** Parts of logs, and the offsets that a `StartAt` means in them. */
import type { Admin } from '../admin.ts'
import type { TopicPartition } from '../offsets.ts'
import type { StartAt } from './arguments.ts'

/** A part of the log: offsets from `begin` up to `end`, exclusive, as they were when asked. */
export interface Extent extends TopicPartition {
  readonly begin: number
  readonly end: number
}

/** The extents of these partitions, in the same order. */
export async function extentsAt(
  admin: Admin,
  places: readonly TopicPartition[],
  readCommitted = false,
): Promise<Extent[]> {
  const [begins, ends] = await Promise.all([
    admin.listOffsets(places, 'earliest'),
    admin.listOffsets(places, 'latest', { readCommitted }),
  ])
  return places.map(({ topic, partition }, at) => ({
    topic,
    partition,
    begin: begins[at]?.offset ?? 0,
    end: ends[at]?.offset ?? 0,
  }))
}

/** An offset of the partition; the nearest it has for one that it does not have. */
export function within({ begin, end }: Extent, offset: number): number {
  return Math.min(Math.max(offset, begin), end)
}

/** Where to begin in a partition: an offset, or the time to look one up for. */
export function targetIn(extent: Extent, from: StartAt): number | { readonly timestamp: number } {
  const { begin, end } = extent
  switch (from.kind) {
    case 'beginning':
      return begin
    case 'end':
      return end
    case 'offset':
      return within(extent, from.offset)
    case 'last':
      return Math.max(begin, end - from.count)
    case 'time':
      return { timestamp: from.timestampMs }
  }
}

/**
 * The offsets meant, in the order of the extents; the end of a partition that has no record as
 * young as the time.
 */
export async function offsetsAt(
  admin: Admin,
  extents: readonly Extent[],
  where: StartAt,
): Promise<number[]> {
  if (where.kind === 'time') {
    const found = await admin.listOffsets(extents, where.timestampMs)
    return extents.map(({ end }, at) => {
      const offset = found[at]?.offset ?? -1
      return offset < 0 ? end : offset
    })
  }
  return extents.map(extent => targetIn(extent, where) as number)
}
