import { ErrorCode, KafkaError } from '../../protocol/errors.ts'
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from '../../protocol/messages/alter-partition-reassignments.ts'
import { Operation } from '../security/authorizer.ts'
import { api } from './api.ts'
import { mayOnCluster } from './authorize.ts'

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
    const { controller } = context.broker
    return {
      throttleTimeMs: 0,
      allowReplicationFactorChange,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      responses: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, replicas }) => ({
          partitionIndex,
          ...controller.reassign({
            topic: name,
            partition: partitionIndex,
            replicas,
            allowsOtherFactor: allowReplicationFactorChange,
          }),
        })),
      })),
    }
  },
)
