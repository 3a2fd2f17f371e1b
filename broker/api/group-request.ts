import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import {
  authorizedOperations,
  OPERATIONS_NOT_ASKED,
  type Operation,
  ResourceType,
} from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'

/** Whether the request's principal may do this to the group. */
export function mayOnGroup(context: RequestContext, operation: Operation, group: string): boolean {
  const { broker, principal } = context
  return broker.authorizer.authorize(principal, operation, ResourceType.GROUP, group)
}

/** Refuses the whole request of somebody who may not do this to the group. */
export function demandOnGroup(context: RequestContext, operation: Operation, group: string): void {
  if (!mayOnGroup(context, operation, group)) {
    throw new KafkaError(ErrorCode.GROUP_AUTHORIZATION_FAILED)
  }
}

/** Members' calls name a group; only offsets can be kept under the empty name. */
export function demandGroupId(groupId: string): void {
  if (groupId === '') throw new KafkaError(ErrorCode.INVALID_GROUP_ID)
}

/** KIP-430: what the principal may do to a group, if the request asked for it. */
export function groupOperations(context: RequestContext, isAsked: boolean, group: string): number {
  if (!isAsked) return OPERATIONS_NOT_ASKED
  const { authorizer } = context.broker
  return authorizedOperations(authorizer, context.principal, ResourceType.GROUP, group)
}
