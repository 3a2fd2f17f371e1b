/** Offsets a group has committed: reads and writes them at its coordinator. */
import { ErrorCode } from '../protocol/errors.ts'
import { OFFSET_COMMIT, OFFSET_FETCH } from './apis.ts'
import type { Cluster, Lane } from './cluster.ts'
import { BrokerError } from './errors.ts'
import type { MemberIdentity } from './membership.ts'
import { isLostMembership, refusedCommit } from './membership.ts'
import type { TopicPartition } from './offsets.ts'

/** The offset of the next record to read. */
export interface OffsetToCommit extends TopicPartition {
  readonly offset: number
  /** Kept beside it. */
  readonly metadata?: string
}

/** An offset as a group has it. */
export interface CommittedOffset extends TopicPartition {
  /** Of the next record to read; -1 if the group has none here. */
  readonly offset: number
  readonly metadata: string
}

export class Commits {
  readonly #cluster: Cluster
  readonly #groupId: string
  readonly #timeoutMs: number
  readonly #lane: { readonly lane?: Lane }

  /** `lane` is whose connections are used. */
  constructor(cluster: Cluster, groupId: string, timeoutMs: number, lane?: Lane) {
    this.#lane = lane === undefined ? {} : { lane }
    this.#cluster = cluster
    this.#groupId = groupId
    this.#timeoutMs = timeoutMs
  }

  /** By partition, in the order asked; -1 where nothing was committed. */
  async fetch(partitions: readonly TopicPartition[]): Promise<number[]> {
    const rows = await this.list(partitions)
    return partitions.map(({ topic, partition }) => {
      const row = rows.find(one => one.topic === topic && one.partition === partition)
      return row?.offset ?? -1
    })
  }

  /** Of these partitions, or (null) of all that something was committed for. */
  async list(partitions: readonly TopicPartition[] | null): Promise<CommittedOffset[]> {
    const what = `fetch the offsets of group ${this.#groupId}`
    const topics = new Map<string, number[]>()
    for (const { topic, partition } of partitions ?? []) {
      if (!topics.get(topic)?.push(partition)) topics.set(topic, [partition])
    }
    const named = [...topics].map(([name, partitionIndexes]) => ({ name, partitionIndexes }))
    const request = { groupId: this.#groupId, topics: partitions === null ? null : named }
    return this.#retrying(what, async () => {
      const answer = await this.#cluster.requestCoordinator(
        this.#groupId,
        OFFSET_FETCH,
        request,
        this.#lane,
      )
      this.#check(what, answer.errorCode)
      return answer.topics.flatMap(({ name, partitions: rows }) =>
        rows.map(({ partitionIndex, committedOffset, metadata, errorCode }) => {
          this.#check(what, errorCode)
          const place = { topic: name, partition: partitionIndex }
          return { ...place, offset: committedOffset, metadata: metadata ?? '' }
        }),
      )
    })
  }

  /**
   * Commits; `onRefused` hears of codes that concern the membership. Rejects with MembershipLost
   * when the partitions are others', BrokerError otherwise.
   */
  async commit(
    offsets: readonly OffsetToCommit[],
    identity: MemberIdentity,
    onRefused: (code: number) => void,
  ): Promise<void> {
    if (offsets.length === 0) return
    const topics = new Map<string, OffsetToCommit[]>()
    for (const one of offsets) if (!topics.get(one.topic)?.push(one)) topics.set(one.topic, [one])
    const request = {
      groupId: this.#groupId,
      generationIdOrMemberEpoch: identity.generationId,
      memberId: identity.memberId,
      groupInstanceId: identity.groupInstanceId,
      topics: [...topics].map(([name, list]) => ({
        name,
        partitions: list.map(({ partition, offset, metadata }) => ({
          partitionIndex: partition,
          committedOffset: offset,
          committedMetadata: metadata ?? '',
        })),
      })),
    }
    await this.#retrying(`commit offsets for group ${this.#groupId}`, async () => {
      const answer = await this.#cluster.requestCoordinator(
        this.#groupId,
        OFFSET_COMMIT,
        request,
        this.#lane,
      )
      for (const { errorCode } of answer.topics.flatMap(({ partitions }) => partitions)) {
        if (errorCode === 0) continue
        const isRebalance = errorCode === ErrorCode.REBALANCE_IN_PROGRESS
        if (isRebalance || isLostMembership(errorCode)) onRefused(errorCode)
        this.#forgetIfElsewhere(errorCode)
        throw refusedCommit(this.#groupId, errorCode)
      }
    })
  }

  /** A rebalance does not end while its member retries a commit, so that is not retried. */
  #retrying<T>(what: string, task: () => Promise<T>): Promise<T> {
    return this.#cluster.retrying(what, this.#timeoutMs, task)
  }

  #check(what: string, code: number): void {
    if (code === 0) return
    this.#forgetIfElsewhere(code)
    throw new BrokerError(what, code)
  }

  #forgetIfElsewhere(code: number): void {
    if (code === ErrorCode.NOT_COORDINATOR || code === ErrorCode.COORDINATOR_NOT_AVAILABLE) {
      this.#cluster.forgetCoordinator(this.#groupId)
    }
  }
}
