import { ErrorCode } from '../../protocol/errors.ts'
import {
  CreatePartitionsRequest,
  CreatePartitionsResponse,
} from '../../protocol/messages/create-partitions.ts'
import type { NamedResult, NewPartitions } from '../cluster/commands.ts'
import { Operation } from '../security/authorizer.ts'
import { api } from './api.ts'
import { mayOnTopic } from './authorize.ts'

const { TOPIC_AUTHORIZATION_FAILED } = ErrorCode

/** CreatePartitions (key 37): more partitions for topics that exist (KIP-195). */
export const createPartitions = api(
  CreatePartitionsRequest,
  CreatePartitionsResponse,
  {
    refuse: (request, { errorCode, errorMessage }) => ({
      throttleTimeMs: 0,
      results: request.topics.map(({ name }) => ({ name, errorCode, errorMessage })),
    }),
  },
  async (request, context) => {
    const results: NamedResult[] = []
    const wanted: NewPartitions[] = []
    for (const topic of request.topics) {
      const { name } = topic
      if (mayOnTopic(context, Operation.ALTER, name)) wanted.push(topic)
      else results.push({ name, errorCode: TOPIC_AUTHORIZATION_FAILED, errorMessage: null })
    }
    if (wanted.length > 0) {
      const { validateOnly } = request
      results.push(...(await context.broker.controller.createPartitions(wanted, { validateOnly })))
    }
    return { throttleTimeMs: 0, results }
  },
)
