import { ApiKey } from '../../../protocol/api-keys.ts'
import type { WireClient } from '../wire-client.ts'
import { subscription } from './transcript-command.ts'

/** A member of a group by hand, in any version of each request. */
export class HandMember {
  readonly client: WireClient
  readonly groupId: string
  readonly instanceId: string | null
  memberId = ''
  generation = -1
  sessionTimeoutMs = 10_000

  constructor(client: WireClient, groupId: string, instanceId: string | null = null) {
    this.client = client
    this.groupId = groupId
    this.instanceId = instanceId
  }

  /** JoinGroup, a second time if an id is given by the first. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects
  async join(version = 9): Promise<any> {
    const answer = await this.#joinOnce(version)
    this.memberId = answer.memberId
    const joined = answer.errorCode === 79 ? await this.#joinOnce(version) : answer
    if (joined.errorCode === 0) this.generation = joined.generationId
    return joined
  }

  #joinOnce(version: number) {
    return this.client.ask(ApiKey.JOIN_GROUP, version, {
      groupId: this.groupId,
      sessionTimeoutMs: this.sessionTimeoutMs,
      rebalanceTimeoutMs: 10_000,
      memberId: this.memberId,
      ...(version >= 5 && { groupInstanceId: this.instanceId }),
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription(['orders']) }],
    })
  }

  sync(version = 5, assignments: Readonly<Record<string, string>> = {}) {
    return this.client.ask(ApiKey.SYNC_GROUP, version, {
      ...this.#identity(version >= 3),
      ...(version >= 5 && { protocolType: 'consumer', protocolName: 'range' }),
      assignments: Object.entries(assignments).map(([memberId, text]) => ({
        memberId,
        assignment: Buffer.from(text),
      })),
    })
  }

  heartbeat(version = 4) {
    return this.client.ask(ApiKey.HEARTBEAT, version, this.#identity(version >= 3))
  }

  leave(version = 5) {
    const { groupId, memberId, instanceId: groupInstanceId } = this
    const members = [{ memberId, groupInstanceId }]
    const who = version >= 3 ? { members } : { memberId }
    return this.client.ask(ApiKey.LEAVE_GROUP, version, { groupId, ...who })
  }

  #identity(hasInstance: boolean) {
    const { groupId, memberId, generation: generationId } = this
    const instance = hasInstance ? { groupInstanceId: this.instanceId } : {}
    return { groupId, memberId, generationId, ...instance }
  }
}

/** What OffsetCommit is asked for one partition. */
export function commitDraft(
  version: number,
  topic: { readonly name: string; readonly topicId: string },
  offset: number,
  rest: object = {},
) {
  const { name, topicId } = topic
  const partition = { partitionIndex: 0, committedOffset: offset, committedMetadata: null }
  return {
    groupId: 'g',
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [{ ...(version >= 10 ? { topicId } : { name }), partitions: [partition] }],
    ...rest,
  }
}

/** What OffsetFetch is asked for one partition of one group. */
export function fetchDraft(
  version: number,
  topic: { readonly name: string; readonly topicId: string },
  groupId = 'g',
) {
  const { name, topicId } = topic
  const named = version >= 10 ? { topicId } : { name }
  const topics = [{ ...named, partitionIndexes: [0] }]
  return version >= 8 ? { groups: [{ groupId, topics }] } : { groupId, topics }
}

/** The one offset of an OffsetFetch answer, in whatever shape the version has. */
// biome-ignore lint/suspicious/noExplicitAny: a test says what it expects
export function fetchedOffset(answer: any) {
  const [group = answer] = answer.groups
  return group.topics[0].partitions[0]
}
