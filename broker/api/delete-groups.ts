import { ErrorCode } from '../../protocol/errors.ts'
import { DeleteGroupsRequest, DeleteGroupsResponse } from '../../protocol/messages/delete-groups.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api } from './api.ts'
import { attempt, isRefused } from './attempt.ts'
import { mayOnGroup } from './group-request.ts'

/** DeleteGroups (key 42): empty groups, with their offsets (KIP-229). */
export const deleteGroups = api(
  DeleteGroupsRequest,
  DeleteGroupsResponse,
  {
    refuse: (request, { errorCode }) => ({
      results: request.groupsNames.map(groupId => ({ groupId, errorCode })),
    }),
  },
  async (request, context) => {
    const names = [...new Set(request.groupsNames)]
    const results = names.map(async groupId => ({
      groupId,
      errorCode: await deleteOne(groupId, context),
    }))
    return { results: await Promise.all(results) }
  },
)

async function deleteOne(groupId: string, context: RequestContext): Promise<ErrorCode> {
  if (!mayOnGroup(context, Operation.DELETE, groupId)) return ErrorCode.GROUP_AUTHORIZATION_FAILED
  const answer = await attempt(
    context.broker.groups.execute(groupId, call => ({ kind: 'delete-group', call, groupId })),
  )
  return isRefused(answer) ? answer.refused : answer.errorCode
}
