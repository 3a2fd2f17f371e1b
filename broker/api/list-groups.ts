import { ErrorCode } from '../../protocol/errors.ts'
import { ListGroupsRequest, ListGroupsResponse } from '../../protocol/messages/list-groups.ts'
import { Operation } from '../security/authorizer.ts'
import { api } from './api.ts'
import { mayOnCluster } from './authorize.ts'
import { mayOnGroup } from './group-request.ts'

/** ListGroups (key 16): the groups this broker coordinates, of every kind. */
export const listGroups = api(
  ListGroupsRequest,
  ListGroupsResponse,
  { refuse: (_request, { errorCode }) => ({ errorCode, groups: [] }) },
  async (request, context) => {
    const states = lowerCased(request.statesFilter)
    const types = lowerCased(request.typesFilter)
    const seesAll = mayOnCluster(context, Operation.DESCRIBE)
    const groups = (await context.broker.groups.list()).filter(
      group =>
        (states.size === 0 || states.has(group.state.toLowerCase())) &&
        (types.size === 0 || types.has(group.type)) &&
        (seesAll || mayOnGroup(context, Operation.DESCRIBE, group.groupId)),
    )
    return {
      errorCode: ErrorCode.NONE,
      groups: groups.map(({ groupId, protocolType, state, type }) => ({
        groupId,
        protocolType,
        groupState: state,
        groupType: type,
      })),
    }
  },
)

/** KIP-518, KIP-848: filters are names in any case. */
function lowerCased(names: readonly string[]): Set<string> {
  return new Set(names.map(name => name.toLowerCase()))
}
