import { ErrorCode } from '../../../protocol/errors.ts'
import { GroupState } from './classic-group.ts'
import type { HeartbeatCommand } from './command.ts'
import { armSession, type Plan, reply } from './plan.ts'
import { validateMember } from './validate-member.ts'

/** A heartbeat keeps the session, and is how a member learns that a rebalance is on. */
export function heartbeat(plan: Plan, beat: HeartbeatCommand): void {
  reply(plan, beat.call, { kind: 'heartbeat', errorCode: outcomeOf(plan, beat) })
}

function outcomeOf(plan: Plan, beat: HeartbeatCommand): ErrorCode {
  const { group } = plan
  const errorCode = validateMember(group, beat)
  if (errorCode !== ErrorCode.NONE) return errorCode
  if (beat.generation !== group.generation) return ErrorCode.ILLEGAL_GENERATION
  if (group.state === GroupState.EMPTY) return ErrorCode.UNKNOWN_MEMBER_ID
  const member = group.members.get(beat.memberId)!
  // One who has yet to complete a first join keeps the newcomers' timer.
  if (!member.isNew) armSession(plan, member)
  return group.state === GroupState.PREPARING_REBALANCE
    ? ErrorCode.REBALANCE_IN_PROGRESS
    : ErrorCode.NONE
}
