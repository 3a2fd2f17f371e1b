import { HeartbeatRequest, HeartbeatResponse } from '../../protocol/messages/heartbeat.ts'
import { Operation } from '../security/authorizer.ts'
import { api } from './api.ts'
import { demandGroupId, demandOnGroup } from './group-request.ts'

/** Heartbeat (key 12): a member is alive, and learns whether a rebalance is on. */
export const heartbeat = api(
  HeartbeatRequest,
  HeartbeatResponse,
  { refuse: (_request, { errorCode }) => ({ errorCode }) },
  async (request, context) => {
    demandGroupId(request.groupId)
    demandOnGroup(context, Operation.READ, request.groupId)
    const { errorCode } = await context.broker.groups.execute(request.groupId, call => ({
      kind: 'heartbeat',
      call,
      groupId: request.groupId,
      generation: request.generationId,
      memberId: request.memberId,
      instanceId: request.groupInstanceId,
    }))
    return { errorCode }
  },
)
