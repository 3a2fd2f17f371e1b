import type { Principal } from './principal.ts'

/** What may be allowed or denied, with Kafka's numbers (they are bits of authorized operations). */
export const Operation = {
  UNKNOWN: 0,
  ANY: 1,
  ALL: 2,
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
  CREATE_TOKENS: 13,
  DESCRIBE_TOKENS: 14,
  TWO_PHASE_COMMIT: 15,
} as const
export type Operation = (typeof Operation)[keyof typeof Operation]

/** What an operation is done to, with Kafka's numbers. */
export const ResourceType = {
  UNKNOWN: 0,
  ANY: 1,
  TOPIC: 2,
  GROUP: 3,
  CLUSTER: 4,
  TRANSACTIONAL_ID: 5,
  DELEGATION_TOKEN: 6,
  USER: 7,
} as const
export type ResourceType = (typeof ResourceType)[keyof typeof ResourceType]

/** The only name a CLUSTER resource has. */
export const CLUSTER_NAME = 'kafka-cluster'

/** Decides, for every request and before anything else is looked at. Synchronous and cheap. */
export interface Authorizer {
  /** Whether there are ACLs to manage: without, ACL requests answer SECURITY_DISABLED. */
  readonly isEnabled: boolean
  authorize(
    principal: Principal,
    operation: Operation,
    resourceType: ResourceType,
    resourceName: string,
  ): boolean
}

/** What a broker without security runs with. */
export const allowAll: Authorizer = { isEnabled: false, authorize: () => true }

/** Denies everything: what an API must not leak is found out with it. */
export const denyAll: Authorizer = { isEnabled: true, authorize: () => false }

/** Denies what `denies` says, allows the rest. */
export function denying(denies: Authorizer['authorize']): Authorizer {
  return { isEnabled: true, authorize: (...question) => !denies(...question) }
}

/** The operations that mean something for each kind of resource, in Kafka's numbers. */
const MEANINGFUL: ReadonlyMap<ResourceType, readonly Operation[]> = new Map([
  [ResourceType.TOPIC, [3, 4, 5, 6, 7, 8, 10, 11]],
  [ResourceType.GROUP, [3, 6, 8, 10, 11]],
  [ResourceType.CLUSTER, [5, 7, 8, 9, 10, 11, 12]],
  [ResourceType.TRANSACTIONAL_ID, [4, 8, 15]],
  [ResourceType.DELEGATION_TOKEN, [8]],
  [ResourceType.USER, [13, 14]],
])

/** What a reply says when the operations were not asked for (int32 minimum, KIP-430). */
export const OPERATIONS_NOT_ASKED = -2147483648

/** The operations allowed on a resource, as the bit field of Metadata and Describe replies. */
export function authorizedOperations(
  authorizer: Authorizer,
  principal: Principal,
  resourceType: ResourceType,
  resourceName: string,
): number {
  let bits = 0
  for (const operation of MEANINGFUL.get(resourceType) ?? []) {
    if (authorizer.authorize(principal, operation, resourceType, resourceName)) {
      bits |= 1 << operation
    }
  }
  return bits
}
