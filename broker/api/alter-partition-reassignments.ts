import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from '../../protocol/messages/alter-partition-reassignments.ts'
import { replicasFault } from '../cluster/create-topics.ts'
import type { ClusterImage } from '../image/image.ts'
import { Operation } from '../security/authorizer.ts'
import { api } from './api.ts'
import { mayOnCluster } from './authorize.ts'

interface Outcome {
  readonly errorCode: ErrorCode
  readonly errorMessage: string | null
}

const NOTHING_TO_DO: Outcome = { errorCode: ErrorCode.NONE, errorMessage: null }
const NOTHING_TO_CANCEL: Outcome = {
  errorCode: ErrorCode.NO_REASSIGNMENT_IN_PROGRESS,
  errorMessage: null,
}

/**
 * AlterPartitionReassignments (key 45) where replicas stay where they were created: a partition is
 * moved to the brokers that have it already, which is done when it is asked, and no move is under
 * way that could be cancelled (KIP-455).
 */
export const alterPartitionReassignments = api(
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
  {
    refuse: (_request, { errorCode, errorMessage }) => ({
      throttleTimeMs: 0,
      errorCode,
      errorMessage,
      responses: [],
    }),
  },
  ({ topics, allowReplicationFactorChange }, context) => {
    if (!mayOnCluster(context, Operation.ALTER)) {
      throw new KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED)
    }
    const image = context.broker.image()
    return {
      throttleTimeMs: 0,
      allowReplicationFactorChange,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      responses: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, replicas }) => ({
          partitionIndex,
          ...reassign(image, name, partitionIndex, { replicas, allowReplicationFactorChange }),
        })),
      })),
    }
  },
)

function reassign(
  image: ClusterImage,
  name: string,
  index: number,
  wanted: {
    readonly replicas: readonly number[] | null
    readonly allowReplicationFactorChange: boolean
  },
): Outcome {
  const topic = image.topics.get(name)
  if (topic === undefined) return unknown(`Unable to find a topic named ${name}.`)
  const partition = topic.partitions[index]
  if (partition === undefined) return unknown(`Unable to find partition ${name}:${index}.`)
  const { replicas } = wanted
  if (replicas === null) return NOTHING_TO_CANCEL
  const fault = replicasFault(image, replicas)
  if (fault !== null) return invalid(fault)
  const [from, to] = [partition.replicas.length, replicas.length]
  if (from !== to && !wanted.allowReplicationFactorChange) {
    return {
      errorCode: ErrorCode.INVALID_REPLICATION_FACTOR,
      errorMessage: `The replication factor is changed from ${from} to ${to}`,
    }
  }
  const isThere = from === to && replicas.every((id, at) => id === partition.replicas[at])
  if (isThere) return NOTHING_TO_DO
  return invalid(
    'Replicas stay on the brokers a partition was created on; moving them is not served.',
  )
}

function unknown(errorMessage: string): Outcome {
  return { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage }
}

function invalid(errorMessage: string): Outcome {
  return { errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT, errorMessage }
}
