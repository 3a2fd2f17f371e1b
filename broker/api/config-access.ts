import { ErrorCode } from '../../protocol/errors.ts'
import { ConfigResourceType } from '../cluster/commands.ts'
import { type Operation, ResourceType } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { mayOnCluster, mayOnTopic } from './authorize.ts'

/** What has properties, as the config requests name it. */
export interface ConfigResource {
  readonly resourceType: number
  readonly resourceName: string
}

/** NONE, or the code for a principal that may not do this to the resource's properties. */
export function refusedConfigAccess(
  context: RequestContext,
  operation: Operation,
  { resourceType, resourceName }: ConfigResource,
): ErrorCode {
  switch (resourceType) {
    case ConfigResourceType.TOPIC:
      return mayOnTopic(context, operation, resourceName)
        ? ErrorCode.NONE
        : ErrorCode.TOPIC_AUTHORIZATION_FAILED
    case ConfigResourceType.GROUP: {
      const { authorizer } = context.broker
      return authorizer.authorize(context.principal, operation, ResourceType.GROUP, resourceName)
        ? ErrorCode.NONE
        : ErrorCode.GROUP_AUTHORIZATION_FAILED
    }
    default:
      return mayOnCluster(context, operation)
        ? ErrorCode.NONE
        : ErrorCode.CLUSTER_AUTHORIZATION_FAILED
  }
}
