import { ErrorCode } from '../../protocol/errors.ts'
import { OffsetFetchRequest, OffsetFetchResponse } from '../../protocol/messages/offset-fetch.ts'
import { NO_UUID } from '../../protocol/uuid.ts'
import type { FetchedOffset, OffsetsReply } from '../coordinator/group/reply.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api, type Refusal } from './api.ts'
import { attempt, isRefused } from './attempt.ts'
import { mayOnTopic } from './authorize.ts'
import { mayOnGroup } from './group-request.ts'
import { authorizedTopic } from './locate.ts'

/** A group's question in the shape of v8+, to which older ones are brought. */
interface AskedGroup {
  readonly groupId: string
  readonly memberId: string | null
  readonly memberEpoch: number
  readonly topics: readonly AskedTopic[] | null
}

interface AskedTopic {
  readonly name: string
  readonly topicId: string
  readonly partitionIndexes: readonly number[]
}

interface AnsweredGroup {
  readonly groupId: string
  readonly errorCode: ErrorCode
  readonly topics: readonly AnsweredTopic[]
}

interface AnsweredTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly FetchedOffset[]
}

/** OffsetFetch (key 9): what groups have committed, many groups at once from v8 on. */
export const offsetFetch = api(
  OffsetFetchRequest,
  OffsetFetchResponse,
  { refuse: (request, refusal) => refuseAll(request, refusal) },
  async (request, context) => {
    const { apiVersion } = context
    const groups = askedGroups(request, apiVersion)
    const answers = await Promise.all(
      groups.map(group => fetchGroup(group, request.requireStable, context)),
    )
    return shaped(answers, apiVersion)
  },
)

function askedGroups(request: OffsetFetchRequest, apiVersion: number): readonly AskedGroup[] {
  if (apiVersion >= 8) return request.groups
  const topics = request.topics?.map(topic => ({ ...topic, topicId: NO_UUID })) ?? null
  return [{ groupId: request.groupId, memberId: null, memberEpoch: -1, topics }]
}

function refuseAll(request: OffsetFetchRequest, { errorCode, apiVersion }: Refusal) {
  const groups = askedGroups(request, apiVersion)
  return shaped(
    groups.map(group => refusedGroup(group, errorCode, apiVersion)),
    apiVersion,
  )
}

async function fetchGroup(
  group: AskedGroup,
  mustBeStable: boolean,
  context: RequestContext,
): Promise<AnsweredGroup> {
  const { apiVersion } = context
  if (!mayOnGroup(context, Operation.DESCRIBE, group.groupId)) {
    return refusedGroup(group, ErrorCode.GROUP_AUTHORIZATION_FAILED, apiVersion)
  }
  const located = group.topics?.map(topic => locate(topic, context)) ?? null
  const asked = located?.filter(topic => typeof topic.found === 'string') ?? null
  const answer = await attempt(
    context.broker.groups.execute(group.groupId, call => ({
      kind: 'fetch-offsets',
      call,
      groupId: group.groupId,
      memberId: group.memberId,
      memberEpoch: group.memberEpoch,
      mustBeStable,
      topics:
        asked?.map(({ found, topic }) => ({
          topic: found as string,
          partitions: topic.partitionIndexes,
        })) ?? null,
    })),
  )
  const errorCode = isRefused(answer) ? answer.refused : answer.errorCode
  if (isRefused(answer) || errorCode !== ErrorCode.NONE) {
    return refusedGroup(group, errorCode, apiVersion)
  }
  const topics = located === null ? everyTopic(answer, context) : merged(located, answer, context)
  return { groupId: group.groupId, errorCode, topics }
}

interface LocatedTopic {
  readonly topic: AskedTopic
  /** Its name, or why it is not told about. */
  readonly found: string | ErrorCode
}

function locate(topic: AskedTopic, context: RequestContext): LocatedTopic {
  const isById = context.apiVersion >= 10
  return { topic, found: authorizedTopic(context, Operation.DESCRIBE, topic, isById) }
}

/** In the order asked; the machine answered those that were found, in the same order. */
function merged(
  located: readonly LocatedTopic[],
  answer: OffsetsReply,
  context: RequestContext,
): AnsweredTopic[] {
  let next = 0
  return located.map(({ topic, found }) => {
    const { name, topicId, partitionIndexes } = topic
    if (typeof found === 'string') {
      const partitions = answer.topics[next++]!.partitions
      return { name, topicId, partitions: current(found, partitions, context) }
    }
    return { name, topicId, partitions: partitionIndexes.map(index => nothing(index, found)) }
  })
}

/** All there are, but for what the principal may not know of. */
function everyTopic(answer: OffsetsReply, context: RequestContext): AnsweredTopic[] {
  const topics: AnsweredTopic[] = []
  for (const { topic, partitions } of answer.topics) {
    const topicId = context.broker.image().topics.get(topic)?.id
    // By id nothing can be said of a topic that is gone.
    if (topicId === undefined && context.apiVersion >= 10) continue
    if (!mayOnTopic(context, Operation.DESCRIBE, topic)) continue
    const told = current(topic, partitions, context)
    topics.push({ name: topic, topicId: topicId ?? NO_UUID, partitions: told })
  }
  return topics
}

/** Offsets committed for an earlier topic of the same name are none of this one's. */
function current(
  topic: string,
  partitions: readonly FetchedOffset[],
  context: RequestContext,
): FetchedOffset[] {
  const id = context.broker.image().topics.get(topic)?.id
  return partitions.map(fetched => {
    const isOther = id !== undefined && fetched.topicId !== null && fetched.topicId !== id
    return isOther ? nothing(fetched.partition, ErrorCode.NONE) : fetched
  })
}

function nothing(partition: number, errorCode: ErrorCode): FetchedOffset {
  return { partition, offset: -1, leaderEpoch: -1, metadata: '', errorCode, topicId: null }
}

/** v1 has no place for a group's error but its partitions. */
function refusedGroup(group: AskedGroup, errorCode: ErrorCode, apiVersion: number): AnsweredGroup {
  const { groupId } = group
  if (apiVersion >= 2) return { groupId, errorCode, topics: [] }
  const topics = (group.topics ?? []).map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: partitionIndexes.map(index => nothing(index, errorCode)),
  }))
  return { groupId, errorCode, topics }
}

function shaped(answers: readonly AnsweredGroup[], apiVersion: number) {
  const groups = answers.map(({ groupId, errorCode, topics }) => ({
    groupId,
    errorCode,
    topics: topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(fetched => ({
        partitionIndex: fetched.partition,
        committedOffset: fetched.offset,
        committedLeaderEpoch: fetched.leaderEpoch,
        metadata: fetched.metadata,
        errorCode: fetched.errorCode,
      })),
    })),
  }))
  if (apiVersion >= 8) return { groups }
  const { errorCode, topics } = groups[0]!
  return {
    errorCode,
    topics: topics.map(({ name, partitions }) => ({ name, partitions })),
  }
}
