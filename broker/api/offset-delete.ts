import { ErrorCode } from '../../protocol/errors.ts'
import { OffsetDeleteRequest, OffsetDeleteResponse } from '../../protocol/messages/offset-delete.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api } from './api.ts'
import { mayOnTopic } from './authorize.ts'
import { demandGroupId, demandOnGroup } from './group-request.ts'

type AskedTopic = OffsetDeleteRequest['topics'][number]

/** OffsetDelete (key 47): forgets offsets of topics a group does not consume (KIP-496). */
export const offsetDelete = api(
  OffsetDeleteRequest,
  OffsetDeleteResponse,
  { refuse: (_request, { errorCode }) => ({ errorCode, topics: [] }) },
  async (request, context) => {
    const { groupId } = request
    demandOnGroup(context, Operation.DELETE, groupId)
    demandGroupId(groupId)
    const checked = request.topics.map(topic => check(topic, context))
    const accepted = checked.filter(({ errorCodes }) => errorCodes.includes(ErrorCode.NONE))
    const answer = await context.broker.groups.execute(groupId, call => ({
      kind: 'delete-offsets',
      call,
      groupId,
      topics: accepted.map(({ topic, errorCodes }) => ({
        topic: topic.name,
        partitions: indexes(topic).filter((_, at) => errorCodes[at] === ErrorCode.NONE),
      })),
    }))
    if (answer.errorCode !== ErrorCode.NONE) return { errorCode: answer.errorCode, topics: [] }
    const isRefused = new Map(
      answer.topics.map(({ topic, partitions }) => [topic, partitions[0]!.errorCode]),
    )
    return {
      errorCode: ErrorCode.NONE,
      topics: checked.map(({ topic, errorCodes }) => ({
        name: topic.name,
        partitions: indexes(topic).map((partitionIndex, at) => ({
          partitionIndex,
          errorCode: errorCodes[at] || isRefused.get(topic.name)!,
        })),
      })),
    }
  },
)

function indexes(topic: AskedTopic): number[] {
  return topic.partitions.map(({ partitionIndex }) => partitionIndex)
}

function check(topic: AskedTopic, context: RequestContext) {
  const mayRead = mayOnTopic(context, Operation.READ, topic.name)
  const known = context.broker.image().topics.get(topic.name)
  const errorCodes = indexes(topic).map(index => {
    if (!mayRead) return ErrorCode.TOPIC_AUTHORIZATION_FAILED
    const exists = known?.partitions[index] !== undefined
    return exists ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  })
  return { topic, errorCodes }
}
