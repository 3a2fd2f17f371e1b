import { ErrorCode } from '../../protocol/errors.ts'
import { LeaveGroupRequest, LeaveGroupResponse } from '../../protocol/messages/leave-group.ts'
import { Operation } from '../security/authorizer.ts'
import { api } from './api.ts'
import { demandGroupId, demandOnGroup } from './group-request.ts'

/** LeaveGroup (key 13): one member up to v2, many at once from v3 on (KIP-345). */
export const leaveGroup = api(
  LeaveGroupRequest,
  LeaveGroupResponse,
  { refuse: (_request, { errorCode }) => ({ errorCode }) },
  async (request, context) => {
    demandGroupId(request.groupId)
    demandOnGroup(context, Operation.READ, request.groupId)
    const isBatch = context.apiVersion >= 3
    const leaving = isBatch
      ? request.members.map(({ memberId, groupInstanceId, reason }) => ({
          memberId,
          instanceId: groupInstanceId,
          reason,
        }))
      : [{ memberId: request.memberId, instanceId: null }]
    const { members } = await context.broker.groups.execute(request.groupId, call => ({
      kind: 'leave',
      call,
      groupId: request.groupId,
      members: leaving,
    }))
    if (!isBatch) return { errorCode: members[0]!.errorCode }
    return {
      errorCode: ErrorCode.NONE,
      members: members.map(({ memberId, instanceId, errorCode }) => ({
        memberId,
        groupInstanceId: instanceId,
        errorCode,
      })),
    }
  },
)
