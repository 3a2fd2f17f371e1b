import { ErrorCode } from '../../protocol/errors.ts'
import { OffsetCommitRequest, OffsetCommitResponse } from '../../protocol/messages/offset-commit.ts'
import { NO_UUID } from '../../protocol/uuid.ts'
import type { OffsetToCommit } from '../coordinator/group/command.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api } from './api.ts'
import { errorForVersion } from './error-versions.ts'
import { demandOnGroup } from './group-request.ts'
import { authorizedTopic } from './locate.ts'

type AskedTopic = OffsetCommitRequest['topics'][number]

/** Answered once the offsets are committed themselves: written, and safe as durability says. */
export const offsetCommit = api(
  OffsetCommitRequest,
  OffsetCommitResponse,
  {
    refuse: (request, { errorCode, apiVersion }) => {
      const code = errorForVersion(OffsetCommitRequest.key, apiVersion, errorCode)
      return { topics: request.topics.map(topic => answered(topic, () => code)) }
    },
  },
  async (request, context) => {
    demandOnGroup(context, Operation.READ, request.groupId)
    const checked = request.topics.map(topic => check(topic, context))
    const offsets = checked.flatMap(({ offsets }) => offsets)
    const codes = offsets.length === 0 ? [] : await commit(request, offsets, context)
    const codeOf = new Map(offsets.map((offset, at) => [offset, codes[at]!]))
    return {
      topics: checked.map(({ topic, partitions }) =>
        answered(topic, at => {
          const partition = partitions[at]!
          return typeof partition === 'number' ? partition : codeOf.get(partition)!
        }),
      ),
    }
  },
)

interface CheckedTopic {
  readonly topic: AskedTopic
  readonly offsets: readonly OffsetToCommit[]
  /** As asked: an offset to commit, or why not. */
  readonly partitions: readonly (OffsetToCommit | ErrorCode)[]
}

/** What can be said without the group: is the topic known and may it be read. */
function check(topic: AskedTopic, context: RequestContext): CheckedTopic {
  const name = authorizedTopic(context, Operation.READ, topic, context.apiVersion >= 10)
  const known = typeof name === 'string' ? context.broker.image().topics.get(name) : undefined
  const partitions = topic.partitions.map(asked => {
    if (typeof name === 'number') return name
    if (known?.partitions[asked.partitionIndex] === undefined) {
      return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    }
    return {
      topic: name,
      topicId: known.id === NO_UUID ? null : known.id,
      partition: asked.partitionIndex,
      offset: asked.committedOffset,
      leaderEpoch: asked.committedLeaderEpoch,
      metadata: asked.committedMetadata ?? '',
    }
  })
  return { topic, partitions, offsets: partitions.filter(p => typeof p !== 'number') }
}

async function commit(
  request: OffsetCommitRequest,
  offsets: readonly OffsetToCommit[],
  context: RequestContext,
): Promise<ErrorCode[]> {
  const { groups } = context.broker
  await groups.ensureTopic()
  const { errorCode, errorCodes } = await groups.execute(request.groupId, call => ({
    kind: 'commit',
    call,
    groupId: request.groupId,
    generation: request.generationIdOrMemberEpoch,
    memberId: request.memberId,
    instanceId: request.groupInstanceId,
    retentionMs: request.retentionTimeMs,
    offsets,
  }))
  if (errorCode === ErrorCode.NONE) return [...errorCodes]
  const code = errorForVersion(OffsetCommitRequest.key, context.apiVersion, errorCode)
  return offsets.map(() => code)
}

function answered({ name, topicId, partitions }: AskedTopic, codeAt: (at: number) => ErrorCode) {
  return {
    name,
    topicId,
    partitions: partitions.map(({ partitionIndex }, at) => ({
      partitionIndex,
      errorCode: codeAt(at),
    })),
  }
}
