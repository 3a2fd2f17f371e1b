import { ErrorCode } from '../../protocol/errors.ts'
import { JoinGroupRequest, JoinGroupResponse } from '../../protocol/messages/join-group.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api } from './api.ts'
import { demandGroupId, demandOnGroup } from './group-request.ts'

/** JoinGroup (key 11): parked until the rebalance it takes part in is complete. */
export const joinGroup = api(
  JoinGroupRequest,
  JoinGroupResponse,
  {
    refuse: (request, { errorCode, apiVersion }) => ({
      errorCode,
      protocolName: nameFor(null, apiVersion),
      leader: '',
      memberId: request.memberId,
      members: [],
    }),
  },
  async (request, context) => {
    demandGroupId(request.groupId)
    demandOnGroup(context, Operation.READ, request.groupId)
    const { groups } = context.broker
    await groups.ensureTopic()
    const answer = await groups.execute(request.groupId, call => ({
      kind: 'join',
      call,
      ...joinOf(request, context),
    }))
    return {
      errorCode: answer.errorCode,
      generationId: answer.generation,
      protocolType: answer.errorCode === ErrorCode.NONE ? answer.protocolType : null,
      protocolName: nameFor(answer.protocol, context.apiVersion),
      leader: answer.leader,
      skipAssignment: answer.skipsAssignment,
      memberId: answer.memberId,
      members: answer.members.map(({ memberId, instanceId, metadata }) => ({
        memberId,
        groupInstanceId: instanceId,
        metadata,
      })),
    }
  },
)

function joinOf(request: JoinGroupRequest, context: RequestContext) {
  const { apiVersion, clientId, connection, broker } = context
  return {
    groupId: request.groupId,
    memberId: request.memberId,
    newMemberId: `${request.groupInstanceId ?? clientId}-${broker.groups.newMemberSuffix()}`,
    instanceId: request.groupInstanceId,
    clientId,
    clientHost: `/${connection.remoteAddress}`,
    sessionTimeoutMs: request.sessionTimeoutMs,
    // v0 has one timeout for both.
    rebalanceTimeoutMs: apiVersion === 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs,
    protocolType: request.protocolType,
    protocols: request.protocols,
    mustKnowItsId: apiVersion >= 4,
    canSkipAssignment: apiVersion >= 9,
  }
}

/** Below v7 the name cannot be null. */
function nameFor(protocol: string | null, apiVersion: number): string | null {
  return apiVersion >= 7 ? protocol : (protocol ?? '')
}
