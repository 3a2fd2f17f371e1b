import { ErrorCode, errorInfo } from '../../protocol/errors.ts'
import {
  DescribeGroupsRequest,
  DescribeGroupsResponse,
} from '../../protocol/messages/describe-groups.ts'
import { OPERATIONS_NOT_ASKED, Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api } from './api.ts'
import { attempt, isRefused } from './attempt.ts'
import { groupOperations, mayOnGroup } from './group-request.ts'

/** DescribeGroups (key 15): classic groups with their members. */
export const describeGroups = api(
  DescribeGroupsRequest,
  DescribeGroupsResponse,
  {
    refuse: (request, { errorCode, apiVersion }) => ({
      groups: request.groups.map(groupId => refused(groupId, errorCode, apiVersion)),
    }),
  },
  async (request, context) => ({
    groups: await Promise.all(
      request.groups.map(id => describe(id, request.includeAuthorizedOperations, context)),
    ),
  }),
)

async function describe(groupId: string, asksOperations: boolean, context: RequestContext) {
  const { apiVersion } = context
  if (!mayOnGroup(context, Operation.DESCRIBE, groupId)) {
    return refused(groupId, ErrorCode.GROUP_AUTHORIZATION_FAILED, apiVersion)
  }
  const answer = await attempt(
    context.broker.groups.execute(groupId, call => ({ kind: 'describe', call, groupId })),
  )
  if (isRefused(answer)) return refused(groupId, answer.refused, apiVersion)
  // KIP-1043: before v6 a group that is not there is one that is dead.
  const isTold = apiVersion >= 6
  return {
    errorCode: isTold ? answer.errorCode : ErrorCode.NONE,
    errorMessage: isTold ? answer.errorMessage : null,
    groupId,
    groupState: answer.state,
    protocolType: answer.protocolType,
    protocolData: answer.protocol,
    members: answer.members.map(member => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: member.metadata,
      memberAssignment: member.assignment,
    })),
    authorizedOperations: groupOperations(context, asksOperations, groupId),
  }
}

function refused(groupId: string, errorCode: ErrorCode, apiVersion: number) {
  return {
    errorCode,
    errorMessage: apiVersion >= 6 ? errorInfo(errorCode).message : null,
    groupId,
    groupState: '',
    protocolType: '',
    protocolData: '',
    members: [],
    authorizedOperations: OPERATIONS_NOT_ASKED,
  }
}
