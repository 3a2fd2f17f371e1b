import {
  authorizedOperations,
  CLUSTER_NAME,
  OPERATIONS_NOT_ASKED,
  Operation,
  ResourceType,
} from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'

/** Whether the request's principal may do this to the topic. Asked before whether it exists. */
export function mayOnTopic(context: RequestContext, operation: Operation, topic: string): boolean {
  const { broker, principal } = context
  return broker.authorizer.authorize(principal, operation, ResourceType.TOPIC, topic)
}

/** Whether the request's principal may do this to the cluster. */
export function mayOnCluster(context: RequestContext, operation: Operation): boolean {
  const { broker, principal } = context
  return broker.authorizer.authorize(principal, operation, ResourceType.CLUSTER, CLUSTER_NAME)
}

/** Whether the request's principal may do this with the transactional id. */
export function mayOnTransaction(
  context: RequestContext,
  operation: Operation,
  transactionalId: string,
): boolean {
  const { broker, principal } = context
  const type = ResourceType.TRANSACTIONAL_ID
  return broker.authorizer.authorize(principal, operation, type, transactionalId)
}

/** KIP-430: what the principal may do to a topic, if the request asked for it. */
export function topicOperations(context: RequestContext, isAsked: boolean, topic: string): number {
  if (!isAsked) return OPERATIONS_NOT_ASKED
  const { authorizer } = context.broker
  return authorizedOperations(authorizer, context.principal, ResourceType.TOPIC, topic)
}

/**
 * KIP-430: what the principal may do to the cluster, if the request asked for it; 0, and not an
 * error, for one that may not describe it.
 */
export function clusterOperations(context: RequestContext, isAsked: boolean): number {
  if (!isAsked) return OPERATIONS_NOT_ASKED
  if (!mayOnCluster(context, Operation.DESCRIBE)) return 0
  const { authorizer } = context.broker
  return authorizedOperations(authorizer, context.principal, ResourceType.CLUSTER, CLUSTER_NAME)
}
