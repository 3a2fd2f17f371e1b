import { ErrorCode } from '../../../protocol/errors.ts'
import type { JoinCommand } from './command.ts'
import type { Member } from './member.ts'
import { joinError, type Plan, reply } from './plan.ts'

/** The member as its latest JoinGroup describes it. An older one still parked is answered. */
export function updated(plan: Plan, join: JoinCommand, member: Member): Member {
  if (member.joinCall !== null) {
    // Replies of a connection leave in order: an unanswered call would hold back this one.
    reply(plan, member.joinCall, joinError(ErrorCode.REBALANCE_IN_PROGRESS, member.id))
  }
  return {
    ...member,
    clientId: join.clientId,
    clientHost: join.clientHost,
    rebalanceTimeoutMs: join.rebalanceTimeoutMs,
    sessionTimeoutMs: join.sessionTimeoutMs,
    protocols: join.protocols,
    joinCall: join.call,
  }
}
