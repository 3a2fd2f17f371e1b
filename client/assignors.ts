/**
 * Who of a group reads which partitions. Pure; run by the member that the coordinator chose as
 * leader. Names and results are those of the Java client, so that mixed groups agree.
 */
import type { TopicPartition } from './offsets.ts'

/** A member as its subscription describes it. */
export interface GroupMember {
  readonly memberId: string
  /** Static members are ordered by it, so that a restart changes nothing (KIP-345). */
  readonly instanceId: string | null
  readonly topics: readonly string[]
  /** What it had in the generation before. */
  readonly owned: readonly TopicPartition[]
}

/** Partitions by member id; every member has an entry. */
export type Assignment = Map<string, TopicPartition[]>

/** How to share partitions out. */
export type Assignor = (
  members: readonly GroupMember[],
  /** Partitions in each topic; topics that do not exist are absent. */
  partitionCounts: ReadonlyMap<string, number>,
) => Assignment

/** Names as they stand in JoinGroup. */
export type AssignorName = 'range' | 'roundrobin' | 'sticky'

/** Each topic for itself: consecutive partitions, the first members get one more. */
export const assignRange: Assignor = (members, partitionCounts) => {
  const assignment = emptyFor(members)
  for (const [topic, count] of partitionCounts) {
    const takers = ordered(members).filter(member => member.topics.includes(topic))
    if (takers.length === 0) continue
    const each = Math.floor(count / takers.length)
    const extra = count % takers.length
    let partition = 0
    takers.forEach((member, index) => {
      const share = each + (index < extra ? 1 : 0)
      for (let i = 0; i < share; i += 1) {
        assignment.get(member.memberId)!.push({ topic, partition })
        partition += 1
      }
    })
  }
  return assignment
}

/** All partitions of all topics in a row, dealt out one by one. */
export const assignRoundRobin: Assignor = (members, partitionCounts) => {
  const assignment = emptyFor(members)
  const circle = ordered(members)
  let turn = 0
  for (const place of allPartitions(members, partitionCounts)) {
    while (!circle[turn % circle.length]!.topics.includes(place.topic)) turn += 1
    assignment.get(circle[turn % circle.length]!.memberId)!.push(place)
    turn += 1
  }
  return assignment
}

/**
 * As even as can be, and as little moved as that allows: members keep what they had; what is free
 * goes to those with least; then partitions move from those with most to those with least while
 * the difference is more than one.
 */
export const assignSticky: Assignor = (members, partitionCounts) => {
  const assignment = emptyFor(members)
  const everyone = ordered(members)
  const free = new Map<string, TopicPartition>()
  for (const place of allPartitions(members, partitionCounts)) free.set(keyOf(place), place)
  for (const member of everyone) {
    for (const place of member.owned) {
      if (!member.topics.includes(place.topic) || !free.delete(keyOf(place))) continue
      assignment.get(member.memberId)!.push(place)
    }
  }
  const load = (member: GroupMember) => assignment.get(member.memberId)!.length
  for (const place of free.values()) {
    const taker = lightest(
      everyone.filter(member => member.topics.includes(place.topic)),
      load,
    )
    assignment.get(taker.memberId)!.push(place)
  }
  balance(everyone, assignment)
  return assignment
}

/** By name. */
export const ASSIGNORS: Readonly<Record<AssignorName, Assignor>> = {
  range: assignRange,
  roundrobin: assignRoundRobin,
  sticky: assignSticky,
}

function balance(members: readonly GroupMember[], assignment: Assignment): void {
  const load = (member: GroupMember) => assignment.get(member.memberId)!.length
  for (let moved = true; moved; ) {
    moved = false
    for (const giver of [...members].sort((a, b) => load(b) - load(a))) {
      const had = assignment.get(giver.memberId)!
      for (let at = had.length - 1; at >= 0; at -= 1) {
        const place = had[at]!
        const takers = members.filter(member => member.topics.includes(place.topic))
        const taker = lightest(takers, load)
        if (load(giver) - load(taker) < 2) continue
        had.splice(at, 1)
        assignment.get(taker.memberId)!.push(place)
        moved = true
      }
    }
  }
}

function lightest(members: readonly GroupMember[], load: (member: GroupMember) => number) {
  return members.reduce((least, member) => (load(member) < load(least) ? member : least))
}

function emptyFor(members: readonly GroupMember[]): Assignment {
  return new Map(members.map(member => [member.memberId, []]))
}

/** Static members by instance id, before the others by member id, as Java orders them. */
function ordered(members: readonly GroupMember[]): GroupMember[] {
  return [...members].sort((a, b) => {
    if (a.instanceId !== null && b.instanceId !== null) return compare(a.instanceId, b.instanceId)
    if (a.instanceId !== null) return -1
    if (b.instanceId !== null) return 1
    return compare(a.memberId, b.memberId)
  })
}

/** Of topics that somebody wants, by name and number. */
function allPartitions(
  members: readonly GroupMember[],
  partitionCounts: ReadonlyMap<string, number>,
): TopicPartition[] {
  const wanted = new Set(members.flatMap(member => member.topics))
  const topics = [...partitionCounts].filter(([topic]) => wanted.has(topic))
  topics.sort(([a], [b]) => compare(a, b))
  return topics.flatMap(([topic, count]) =>
    Array.from({ length: count }, (_, partition) => ({ topic, partition })),
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${partition} ${topic}`
}
