import { ErrorCode, errorInfo } from '../../protocol/errors.ts'
import {
  FindCoordinatorRequest,
  FindCoordinatorResponse,
} from '../../protocol/messages/find-coordinator.ts'
import { isUuid } from '../../protocol/uuid.ts'
import { Operation } from '../security/authorizer.ts'
import type { RequestContext } from '../services.ts'
import { api } from './api.ts'
import { attempt } from './attempt.ts'
import { mayOnCluster, mayOnTransaction } from './authorize.ts'
import { endpointFor } from './endpoint.ts'
import { mayOnGroup } from './group-request.ts'
import { NO_TRANSACTIONS, transactionsRefusal } from './no-transactions.ts'

const KeyType = { GROUP: 0, TRANSACTION: 1, SHARE: 2 } as const

interface Coordinator {
  readonly key: string
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly errorCode: ErrorCode
  readonly errorMessage: string
}

/**
 * FindCoordinator (key 10): which broker keeps a group. The first request creates the topic that
 * groups are kept in, so a fresh broker answers the request at once. Transactions and share groups
 * have no coordinator here: a request for one is refused with a sentence that says so, by a code
 * that clients do not retry.
 */
export const findCoordinator = api(
  FindCoordinatorRequest,
  FindCoordinatorResponse,
  {
    refuse: (request, { errorCode, errorMessage, apiVersion }) => {
      const keys = apiVersion >= 4 ? request.coordinatorKeys : [request.key]
      return shaped(
        keys.map(key => nobody(key, errorCode, errorMessage ?? '')),
        apiVersion,
      )
    },
  },
  async (request, context) => {
    const { apiVersion } = context
    const keys = apiVersion >= 4 ? request.coordinatorKeys : [request.key]
    const found = await Promise.all(keys.map(key => find(request.keyType, key, context)))
    return shaped(found, apiVersion)
  },
)

function shaped(coordinators: Coordinator[], apiVersion: number) {
  if (apiVersion >= 4) return { coordinators }
  const { key: _, ...only } = coordinators[0]!
  if (only.errorCode !== ErrorCode.NONE) return only
  // Kafka's words: "NONE" where there is one coordinator, nothing where there are many.
  return { ...only, errorMessage: errorInfo(ErrorCode.NONE).name }
}

async function find(keyType: number, key: string, context: RequestContext): Promise<Coordinator> {
  switch (keyType) {
    case KeyType.GROUP:
      return findGroup(key, context)
    case KeyType.TRANSACTION:
      return findTransaction(key, context)
    case KeyType.SHARE:
      return findShare(key, context)
    default:
      return nobody(key, ErrorCode.INVALID_REQUEST)
  }
}

async function findGroup(key: string, context: RequestContext): Promise<Coordinator> {
  if (!mayOnGroup(context, Operation.DESCRIBE, key)) {
    return nobody(key, ErrorCode.GROUP_AUTHORIZATION_FAILED)
  }
  const nodeId = await attempt(context.broker.groups.locate(key))
  return typeof nodeId === 'number' ? at(nodeId, key, context) : nobody(key, nodeId.refused)
}

function at(nodeId: number, key: string, context: RequestContext): Coordinator {
  const endpoint = endpointFor(context, nodeId)
  if (endpoint === null) return nobody(key, ErrorCode.COORDINATOR_NOT_AVAILABLE)
  return { key, nodeId, ...endpoint, errorCode: ErrorCode.NONE, errorMessage: '' }
}

/**
 * Refuses, with a sentence. Clients older than KIP-511 are sent on to InitProducerId, which refuses
 * them: kafkajs, one of those, shows its user the code of InitProducerId, and "Failed to find group
 * coordinator" for every refusal of FindCoordinator.
 */
function findTransaction(key: string, context: RequestContext): Coordinator {
  if (!mayOnTransaction(context, Operation.DESCRIBE, key)) {
    return nobody(key, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
  }
  const hidesRefusals = context.apiVersion < 4 && context.connection.clientSoftware === null
  if (hidesRefusals) return at(context.broker.nodeId, key, context)
  return nobody(key, transactionsRefusal(context), NO_TRANSACTIONS)
}

/** KIP-932: brokers ask for the coordinator of `group:topicId:partition`. */
function findShare(key: string, context: RequestContext): Coordinator {
  if (context.apiVersion < 6 || !isShareKey(key)) return nobody(key, ErrorCode.INVALID_REQUEST)
  if (!mayOnCluster(context, Operation.CLUSTER_ACTION)) {
    return nobody(key, ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
  }
  return nobody(key, ErrorCode.UNSUPPORTED_VERSION, 'This broker serves no share groups.')
}

/** A group's name may hold colons itself. */
function isShareKey(key: string): boolean {
  const parts = key.split(':')
  if (parts.length < 3) return false
  const partition = parts.pop()!
  const topicId = parts.pop()!
  return parts.join(':') !== '' && isUuid(topicId) && /^[0-9]{1,10}$/.test(partition)
}

function nobody(key: string, errorCode: ErrorCode, errorMessage = ''): Coordinator {
  return { key, nodeId: -1, host: '', port: -1, errorCode, errorMessage }
}
