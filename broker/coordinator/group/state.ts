/**
 * One shard of groups: everything kept in one partition of `__consumer_offsets`.
 *
 * Invariants:
 *   (1) `metadata`, `offsets`, `undecided` and `foreign` change only by records, so reading the
 *       log gives them back exactly; `groups` is what the members' calls made of it since.
 *   (2) A group that is Stable or (once written) Empty equals its `metadata`.
 *   (3) Whoever has offsets is in `groups` or in `foreign`.
 */
import { type ClassicGroup, emptyGroup, groupOfMetadata } from './classic-group.ts'
import { applyForeign, type ForeignGroup } from './foreign-group.ts'
import type {
  CommittedOffset,
  GroupMetadata,
  GroupRecord,
  OffsetRecord,
  TransactionEndRecord,
} from './record.ts'

export interface GroupShardState {
  readonly groups: Map<string, ClassicGroup>
  readonly metadata: Map<string, GroupMetadata>
  readonly offsets: Map<string, GroupOffsets>
  /** By producer id: offsets whose transaction has not ended, oldest first. */
  readonly undecided: Map<number, UndecidedOffset[]>
  readonly foreign: Map<string, ForeignGroup>
  /** Counts offset records: which of two is the younger. */
  sequence: number
}

/** By topic, then partition. No empty maps inside. */
export type GroupOffsets = Map<string, Map<number, StoredOffset>>

export interface StoredOffset {
  readonly value: CommittedOffset
  readonly sequence: number
}

export interface UndecidedOffset {
  readonly record: OffsetRecord
  readonly sequence: number
}

/** Changes that are not written. */
export type SoftChange =
  | { readonly kind: 'set-group'; readonly group: ClassicGroup }
  | { readonly kind: 'forget-group'; readonly groupId: string }

export function emptyState(): GroupShardState {
  return {
    groups: new Map(),
    metadata: new Map(),
    offsets: new Map(),
    undecided: new Map(),
    foreign: new Map(),
    sequence: 0,
  }
}

/** See Machine.apply. */
export function applyChange(state: GroupShardState, change: GroupRecord | SoftChange): void {
  switch (change.kind) {
    case 'set-group':
      state.groups.set(change.group.id, change.group)
      break
    case 'forget-group':
      state.groups.delete(change.groupId)
      break
    case 'group':
      applyMetadata(state, change.groupId, change.value)
      break
    case 'offset':
      applyOffset(state, change)
      break
    case 'transaction-end':
      applyTransactionEnd(state, change)
      break
    case 'foreign':
      applyForeignRecord(state, change)
  }
}

function applyMetadata(state: GroupShardState, id: string, value: GroupMetadata | null): void {
  if (value !== null) {
    state.metadata.set(id, value)
    state.groups.set(id, groupOfMetadata(id, value))
    return
  }
  state.metadata.delete(id)
  state.groups.delete(id)
  if (state.offsets.has(id)) nameHolderOfOffsets(state, id)
}

function applyForeignRecord(
  state: GroupShardState,
  record: Extract<GroupRecord, { kind: 'foreign' }>,
): void {
  applyForeign(state.foreign, record)
  const id = record.groupId
  if (!state.foreign.has(id)) {
    if (state.offsets.has(id)) nameHolderOfOffsets(state, id)
  } else if (!state.metadata.has(id)) {
    state.groups.delete(id)
  }
}

function applyOffset(state: GroupShardState, record: OffsetRecord): void {
  const sequence = ++state.sequence
  if (record.producerId >= 0) {
    const list = state.undecided.get(record.producerId)
    if (list === undefined) state.undecided.set(record.producerId, [{ record, sequence }])
    else list.push({ record, sequence })
    if (record.value !== null) nameHolderOfOffsets(state, record.groupId)
  } else {
    storeOffset(state, record, sequence)
  }
}

function applyTransactionEnd(state: GroupShardState, end: TransactionEndRecord): void {
  const list = state.undecided.get(end.producerId) ?? []
  state.undecided.delete(end.producerId)
  if (!end.isCommit) return
  for (const { record, sequence } of list) {
    const stored = storedOffset(state, record.groupId, record.topic, record.partition)
    // What was committed outside of the transaction after this record stays.
    if (stored === undefined || stored.sequence < sequence) storeOffset(state, record, sequence)
  }
}

function storeOffset(state: GroupShardState, record: OffsetRecord, sequence: number): void {
  const { groupId, topic, partition, value } = record
  let topics = state.offsets.get(groupId)
  if (value === null) {
    const partitions = topics?.get(topic)
    partitions?.delete(partition)
    if (partitions?.size === 0) topics!.delete(topic)
    if (topics?.size === 0) state.offsets.delete(groupId)
    return
  }
  if (topics === undefined) {
    topics = new Map()
    state.offsets.set(groupId, topics)
    nameHolderOfOffsets(state, groupId)
  }
  let partitions = topics.get(topic)
  if (partitions === undefined) {
    partitions = new Map()
    topics.set(topic, partitions)
  }
  partitions.set(partition, { value, sequence })
}

/** A group nobody joined, known by its offsets alone. */
function nameHolderOfOffsets(state: GroupShardState, id: string): void {
  if (!state.groups.has(id) && !state.foreign.has(id)) state.groups.set(id, emptyGroup(id, -1))
}

export function storedOffset(
  state: GroupShardState,
  groupId: string,
  topic: string,
  partition: number,
): StoredOffset | undefined {
  return state.offsets.get(groupId)?.get(topic)?.get(partition)
}

/** Whether a transaction that has not ended commits offsets of the group. */
export function hasUndecided(state: GroupShardState, groupId: string): boolean {
  for (const list of state.undecided.values()) {
    if (list.some(({ record }) => record.groupId === groupId)) return true
  }
  return false
}

/** See Machine.recordsOf. Offsets come oldest first, so that they keep their order of age. */
export function* recordsOfState(state: GroupShardState): Iterable<GroupRecord> {
  for (const group of state.foreign.values()) {
    for (const record of group.records.values()) yield record
  }
  for (const [groupId, value] of state.metadata) yield { kind: 'group', groupId, value }
  const aged: UndecidedOffset[] = [...state.undecided.values()].flat()
  for (const [groupId, topics] of state.offsets) {
    for (const [topic, partitions] of topics) {
      for (const [partition, { value, sequence }] of partitions) {
        const record = { kind: 'offset', groupId, topic, partition, value, producerId: -1 } as const
        aged.push({ record, sequence })
      }
    }
  }
  aged.sort((a, b) => a.sequence - b.sequence)
  for (const { record } of aged) yield record
}
