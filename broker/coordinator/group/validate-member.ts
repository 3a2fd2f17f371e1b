import { ErrorCode } from '../../../protocol/errors.ts'
import type { ClassicGroup } from './classic-group.ts'
import type { MemberIdentity } from './command.ts'

/**
 * Whether somebody is who he says: UNKNOWN_MEMBER_ID if the group knows neither the id nor the
 * instance, FENCED_INSTANCE_ID if the instance is another member by now (KIP-345).
 */
export function validateMember(group: ClassicGroup, identity: MemberIdentity): ErrorCode {
  const { memberId, instanceId } = identity
  if (instanceId !== null) {
    const owner = group.staticIds.get(instanceId)
    if (owner === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    if (owner !== memberId) return ErrorCode.FENCED_INSTANCE_ID
  }
  return group.members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID
}
