import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import { SyncGroupRequest, SyncGroupResponse } from '../../protocol/messages/sync-group.ts'
import { Operation } from '../security/authorizer.ts'
import { api } from './api.ts'
import { demandGroupId, demandOnGroup } from './group-request.ts'

const NO_ASSIGNMENT = Buffer.alloc(0)

/** SyncGroup (key 14): parked until the leader's assignment is there and written. */
export const syncGroup = api(
  SyncGroupRequest,
  SyncGroupResponse,
  { refuse: (_request, { errorCode }) => ({ errorCode, assignment: NO_ASSIGNMENT }) },
  async (request, context) => {
    // KIP-559: from v5 on a client must say which protocol it believes was chosen.
    const isSilent = request.protocolType === null || request.protocolName === null
    if (context.apiVersion >= 5 && isSilent) {
      throw new KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    }
    demandGroupId(request.groupId)
    demandOnGroup(context, Operation.READ, request.groupId)
    const answer = await context.broker.groups.execute(request.groupId, call => ({
      kind: 'sync',
      call,
      groupId: request.groupId,
      generation: request.generationId,
      memberId: request.memberId,
      instanceId: request.groupInstanceId,
      protocolType: request.protocolType,
      protocolName: request.protocolName,
      assignments: request.assignments,
    }))
    return {
      errorCode: answer.errorCode,
      protocolType: answer.protocolType,
      protocolName: answer.protocol,
      assignment: answer.assignment,
    }
  },
)
